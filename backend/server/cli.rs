//! The command line.

use clap::{Parser, Subcommand, ValueEnum};
use std::path::PathBuf;

/// A self-hosted, multi-tenant telephony platform.
#[derive(Debug, Parser)]
#[command(name = "dialtone", version, about)]
pub(crate) struct Cli {
    /// What this process does, with commas between: all, or some of portal, edge, media, jobs.
    #[arg(long, global = true, value_delimiter = ',', default_value = "all")]
    pub(crate) roles: Vec<Role>,
    /// The settings file; dialtone.toml in the working directory where it is not given and is there.
    #[arg(long, global = true, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    #[command(subcommand)]
    pub(crate) command: Option<Command>,
}

/// A part that a process plays.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Role {
    /// Everything.
    All,
    /// The HTTP port.
    Portal,
    /// Signalling.
    Edge,
    /// The media relay.
    Media,
    /// What happens without being asked.
    Jobs,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Start (the default).
    Serve,
    /// Apply the migrations and stop.
    Migrate,
    /// Say what in the settings, ports, certificates, DNS or database will not work, and how to mend it.
    Check,
    /// Operators.
    Operator {
        #[command(subcommand)]
        command: OperatorCommand,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum OperatorCommand {
    /// Make an operator account.
    Create {
        /// E-mail address to sign in with.
        #[arg(long)]
        email: String,
        /// Password; read from standard input where it is not given.
        #[arg(long)]
        password: Option<String>,
    },
}
