//! Folders that last as long as the test that made them.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::{env, fs, process};

use crate::process::owner_is_gone;

/// A fresh empty folder, removed with all that is in it when this value is dropped.
#[derive(Debug)]
pub struct Scratch {
    path: PathBuf,
}

impl Scratch {
    /// Makes the folder in the system's place for temporary files. `name` helps whoever looks there meanwhile.
    ///
    /// # Panics
    ///
    /// If the folder cannot be made: no test can go on then.
    pub fn new(name: &str) -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        // Short, since the path of a socket has 107 bytes at most.
        let prefix = format!("ks-{name}-");
        remove_leftovers(&prefix);
        let path = env::temp_dir().join(format!("{prefix}{}-{count}", process::id()));
        // What a process of the same number left behind when it was killed.
        let _ = fs::remove_dir_all(&path);
        fs::create_dir_all(&path)
            .unwrap_or_else(|error| panic!("cannot make {}: {error}", path.display()));
        Scratch { path }
    }

    /// The folder.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Path of something in the folder.
    pub fn join(&self, name: impl AsRef<Path>) -> PathBuf {
        self.path.join(name)
    }

    /// Writes a file, and the folders above it, and gives its path.
    ///
    /// # Panics
    ///
    /// If that fails.
    pub fn write(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.join(name);
        let parent = path.parent().unwrap_or(&self.path);
        fs::create_dir_all(parent)
            .and_then(|()| fs::write(&path, content))
            .unwrap_or_else(|error| panic!("cannot write {}: {error}", path.display()));
        path
    }

    /// Writes a file that is going to be executed, and gives its path: see [`write_program`].
    ///
    /// # Panics
    ///
    /// If that fails.
    pub fn write_program(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.join(name);
        write_program(&path, content);
        path
    }
}

/// Writes a file that is going to be executed, through a process of its own. Were it open in this one, whatever another thread
/// forks meanwhile would hold it open for writing until its own program starts, and the kernel executes no such file.
///
/// # Panics
///
/// If that fails.
pub fn write_program(path: &Path, content: impl AsRef<[u8]>) {
    let written = path
        .parent()
        .map_or(Ok(()), fs::create_dir_all)
        .and_then(|()| {
            let mut writer = Command::new("/bin/sh")
                .args(["-c", "rm -f \"$0\" && cat >\"$0\" && chmod 755 \"$0\""])
                .arg(path)
                .stdin(Stdio::piped())
                .spawn()?;
            // Dropped at the end of the statement: the writer reads to its end.
            writer
                .stdin
                .take()
                .map_or(Ok(()), |mut input| input.write_all(content.as_ref()))?;
            writer.wait()
        });
    match written {
        Ok(status) if status.success() => {}
        other => panic!("cannot write {}: {other:?}", path.display()),
    }
}

/// Removes the folders of processes that were killed: a disk among them can be large.
fn remove_leftovers(prefix: &str) {
    for left in fs::read_dir(env::temp_dir())
        .into_iter()
        .flatten()
        .flatten()
    {
        if owner_is_gone(&left.file_name().to_string_lossy(), prefix) {
            let _ = fs::remove_dir_all(left.path());
        }
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.path);
    }
}
