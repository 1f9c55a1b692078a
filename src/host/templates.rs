//! The user's templates and answer files below `www`.
//!
//! Not its job: what is in them (`core::answer`).

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use crate::core::mac::Mac;

/// Longest template or answer file that is read, in bytes. Real ones have a few thousand.
const LONGEST: u64 = 512 * 1024;

/// The user's templates, in `<www>/answers`, as they are for one rendering.
#[derive(Debug)]
pub struct Templates {
    folder: PathBuf,
    /// What is in the folder, when that could be listed: each rendering asks whether the user has a template of the name of
    /// each built-in one.
    names: Option<Vec<String>>,
}

impl Templates {
    /// Those below `www`.
    pub fn new(www: &Path) -> Self {
        let folder = www.join("answers");
        let names = match fs::read_dir(&folder) {
            Ok(entries) => entries
                .map(|entry| entry.ok()?.file_name().into_string().ok())
                .collect(),
            Err(error) if error.kind() == ErrorKind::NotFound => Some(Vec::new()),
            Err(_) => None,
        };
        Templates { folder, names }
    }

    /// Source of the template `name`, when there is one.
    pub fn find(&self, name: &str) -> Result<Option<String>, String> {
        let inside = name
            .split('/')
            .all(|part| !part.is_empty() && part != "." && part != "..")
            && !name.contains(['\\', '\0']);
        if !inside {
            return Err(format!("'{name}' is no name of a template"));
        }
        let first = name.split('/').next().unwrap_or(name);
        let may_be = |names: &Vec<String>| names.iter().any(|there| there == first);
        match self.names.as_ref().is_none_or(may_be) {
            true => read(&self.folder.join(name)),
            false => Ok(None),
        }
    }
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
