//! The user's templates and answer files below `www`.

use std::fs;
use std::io::ErrorKind;
use std::path::Path;

use crate::core::mac::Mac;

/// Longest template or answer file that is read, in bytes. Real ones have a few thousand.
const LONGEST: u64 = 512 * 1024;

/// Source of the template `name` in `<www>/answers`, when there is one.
pub fn template(www: &Path, name: &str) -> Result<Option<String>, String> {
    let inside = name
        .split('/')
        .all(|part| !part.is_empty() && part != "." && part != "..")
        && !name.contains(['\\', '\0']);
    if !inside {
        return Err(format!("'{name}' is no name of a template"));
    }
    read(&www.join("answers").join(name))
}

/// The user's own answer file for a card, to be served as it is.
pub fn own_answer(www: &Path, mac: Mac) -> Result<Option<String>, String> {
    read(&www.join(format!("kickstart-{mac}.cfg")))
}

fn read(path: &Path) -> Result<Option<String>, String> {
    let shown = path.display();
    match fs::metadata(path) {
        Ok(file) if file.len() > LONGEST => {
            return Err(format!("{shown} is longer than {LONGEST} bytes"));
        }
        Ok(file) if !file.is_file() => return Err(format!("{shown} is not a file")),
        Ok(_) => {}
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(format!("cannot read {shown}: {error}")),
    }
    fs::read_to_string(path)
        .map(Some)
        .map_err(|error| format!("cannot read {shown}: {error}"))
}
