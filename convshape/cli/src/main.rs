//! `cargo convshape`: the macro's checks as a command.

mod check;
mod edit;
mod fix;
mod help;
mod import;
mod lines;
mod port;
mod report;
mod source;
mod summary;
mod weights;

use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::report::Failure;

/// Checks convolutional models without building them.
#[derive(Parser)]
#[command(name = "cargo-convshape", bin_name = "cargo convshape", version)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Lists the mistakes in the chains of source files, as the compiler would.
    ///
    /// Exits with 1 if a chain has an error.
    Check {
        /// Rust source files.
        #[arg(required = true)]
        files: Vec<PathBuf>,
        /// Prints one JSON document: findings with codes, spans and fixes.
        #[arg(long)]
        json: bool,
    },
    /// Applies the first fix that the messages suggest, error by error, and shows what changed.
    ///
    /// Exits with 1 if errors are left.
    Fix {
        /// Rust source files; they are rewritten in place.
        #[arg(required = true)]
        files: Vec<PathBuf>,
        /// Shows the changes without writing them.
        #[arg(long)]
        dry_run: bool,
    },
    /// Prints the layers of the chains in a source file, with shapes, parameters and multiply-accumulates.
    ///
    /// Exits with 1 if a chain has an error.
    Summary {
        /// A Rust source file.
        file: PathBuf,
    },
    /// Writes a chain's source code and weights from an ONNX file.
    ///
    /// Exits with 1 and lists the nodes if some cannot be expressed.
    Import {
        /// An ONNX file.
        model: PathBuf,
        /// The name of the chain's struct.
        #[arg(long)]
        name: String,
        /// The folder for the source and the weights: `my_net.rs` and `my_net.safetensors` for the name `MyNet`.
        #[arg(long)]
        out: PathBuf,
        /// A number for a size that the file leaves open besides the batch: `height=224`, or `INPUT.AXIS=224`.
        ///
        /// Without it such a size becomes a symbol, which works if no layer needs a number there.
        #[arg(long = "size", value_name = "NAME=NUMBER", value_parser = import::size)]
        sizes: Vec<(String, i64)>,
        /// First runs both on random inputs and compares the outputs. Needs a Python with onnxruntime.
        ///
        /// Uses the Python named by CONVSHAPE_PYTHON, or else python3. Nothing is written if the outputs differ.
        #[arg(long)]
        verify: bool,
    },
    /// Prints the chain for a program in PyTorch, Keras or Flax: a module with its `forward`, a sequence, a printed model.
    ///
    /// Exits with 1 and lists the lines of the model if some cannot be translated.
    Port {
        /// A Python file.
        file: PathBuf,
        /// The name of the chain's struct, unless the model is a class; of several models, the one to take.
        #[arg(long, default_value = "Net")]
        name: String,
    },
    /// Lists the tensors of a safetensors file.
    Weights {
        /// A weight file.
        file: PathBuf,
    },
}

fn main() -> ExitCode {
    // When called by cargo, the first argument is the subcommand's own name.
    let arguments = std::env::args_os().enumerate();
    let arguments = arguments.filter(|(place, argument)| *place != 1 || argument != "convshape").map(|(_, text)| text);
    let out = &mut io::stdout().lock();
    let result = match Cli::parse_from(arguments).command {
        Command::Check { files, json: false } => check::print(out, &files),
        Command::Check { files, json: true } => check::print_json(out, &files),
        Command::Fix { files, dry_run } => fix::run(out, &files, dry_run),
        Command::Summary { file } => summary::print(out, &file),
        Command::Import { model, name, out: folder, sizes, verify } => {
            import::run(out, &model, &name, &folder, sizes, verify)
        }
        Command::Port { file, name } => port::run(out, &file, &name),
        Command::Weights { file } => weights::print(out, &file),
    };
    match result {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(Failure::File(error)) => {
            complain(&format!("error: {error}"));
            ExitCode::from(2)
        }
        // The reader has seen enough.
        Err(Failure::Output(error)) if error.kind() == io::ErrorKind::BrokenPipe => ExitCode::SUCCESS,
        Err(Failure::Output(error)) => {
            complain(&format!("error: the output cannot be written: {error}"));
            ExitCode::from(2)
        }
    }
}

/// Writes a line to standard error. If that is closed, nobody can be told.
fn complain(line: &str) {
    let _ = writeln!(io::stderr(), "{line}");
}

/// Whether all is well, or why the command cannot do its work.
type Outcome = Result<bool, Failure>;
