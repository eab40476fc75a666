//! Dialtone: a self-hosted, multi-tenant telephony platform in one binary.
//!
//! This is the top floor: it alone reads the environment and files, and puts the others together in [`wiring`].

#![forbid(unsafe_code)]

mod acme;
mod allocator;
mod banner;
mod check;
mod cli;
mod files;
mod media_pool;
mod metrics;
mod operator;
mod renewal;
mod secure;
mod settings;
mod shutdown;
mod signed;
mod web_phones;
mod wiring;

use clap::Parser;
use cli::{Cli, Command, OperatorCommand};
use settings::Settings;
use std::{io::IsTerminal, process::ExitCode};

fn main() -> ExitCode {
    allocator::start_with_settings();
    let cli = Cli::parse();
    start_logging();
    match run(cli) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // One line: the context and its causes, the last of which names the remedy.
            eprintln!("dialtone: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(cli: Cli) -> anyhow::Result<()> {
    // A second installation is the only way this fails, and the first one stands.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let settings = Settings::load(cli.config.as_deref())?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        match cli.command.unwrap_or(Command::Serve) {
            Command::Serve => wiring::serve(settings, &cli.roles).await,
            Command::Migrate => wiring::migrate(&settings).await,
            Command::Check => check::run(&settings).await,
            Command::Operator { command: OperatorCommand::Create { email, password } } => {
                operator::create(settings, &email, password).await
            }
        }
    })
}

/// Logs to standard error, `info` and above unless `RUST_LOG` says otherwise.
fn start_logging() {
    let filter = tracing_subscriber::EnvFilter::try_from_default_env().unwrap_or_else(|_| {
        tracing_subscriber::EnvFilter::new("info,actix_server=warn,sqlx=warn,sea_orm_migration=warn,hickory_resolver=warn,hickory_proto=warn")
    });
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal())
        .with_target(false)
        .init();
}
