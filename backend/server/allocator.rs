//! The allocator, for SQLite and all else that is written in C too, and the settings of it that a busy signalling core shows: memory
//! goes back to the system in whole huge pages, and only after it has been free for ten seconds. Given back in pieces of 4 KiB, or
//! after one second, it is faulted in again a moment later, which cost a call a twentieth of its CPU (`tests/load/run against`).

use std::{env, os::unix::process::CommandExt, process::Command};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// The settings, as mimalloc reads them; the second is milliseconds. Whoever sets one beforehand has the last word.
const SETTINGS: [(&str, &str); 2] = [("MIMALLOC_ALLOW_THP", "2"), ("MIMALLOC_PURGE_DELAY", "10000")];

/// Has the process begin anew with the settings where it has none. mimalloc reads its settings from the environment before `main`
/// begins, and to change them later takes unsafe code. Where the program cannot be started again (its file was replaced) it
/// goes on as it is: slower, and otherwise the same.
pub(crate) fn start_with_settings() {
    let missing = || SETTINGS.into_iter().filter(|(name, _)| env::var_os(name).is_none());
    if missing().next().is_none() {
        return;
    }
    let Ok(program) = env::current_exe() else { return };
    let mut arguments = env::args_os();
    let mut again = Command::new(program);
    if let Some(called) = arguments.next() {
        again.arg0(called);
    }
    // It comes back only where it has failed.
    let _ = again.args(arguments).envs(missing()).exec();
}
