//! The allocator, and the one setting of it that a busy signalling core shows: memory that has been free for a second goes back to the
//! system in whole huge pages. Given back in pieces of 4 KiB it is faulted in again a moment later, which cost a call a
//! twentieth of its CPU (`tests/load/run against`).

use std::{env, os::unix::process::CommandExt, process::Command};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// The setting, as mimalloc reads it. Whoever sets it beforehand has the last word.
const SETTING: (&str, &str) = ("MIMALLOC_ALLOW_THP", "2");

/// Has the process begin anew with the setting where it has none. mimalloc reads its settings from the environment before `main`
/// begins, and to change them later takes unsafe code. Where the program cannot be started again (its file was replaced) it
/// goes on as it is: slower, and otherwise the same.
pub(crate) fn start_with_settings() {
    let (name, value) = SETTING;
    if env::var_os(name).is_some() {
        return;
    }
    let Ok(program) = env::current_exe() else { return };
    let mut arguments = env::args_os();
    let mut again = Command::new(program);
    if let Some(called) = arguments.next() {
        again.arg0(called);
    }
    // It comes back only where it has failed.
    let _ = again.args(arguments).env(name, value).exec();
}
