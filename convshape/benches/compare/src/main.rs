//! Times the suite in convshape and in other libraries in one interleaved run, and prints a Markdown table.
//!
//! ```sh
//! cargo run --release -- --threads 1
//! cargo run --release -- --cases mnist,l_t --peers tract,rten
//! RUSTFLAGS="-C target-cpu=native" cargo run --release      # burn has no detection at run time for all it does
//! ```

#[path = "../../suite/mod.rs"]
mod suite;

mod net;
mod onnx;
mod peers;
mod table;

use std::env;
use std::error::Error;
use std::process::{Command, ExitCode};
use std::time::{Duration, Instant};

use convshape::__private::{Parts, peak_flops};
use convshape::Model;
use convshape::rand::SeedableRng;
use convshape::rand::rngs::Xoshiro256PlusPlus;

use net::Net;
use peers::{PEERS, Ready};
use suite::{CASES, Visit, split, with_case};
use table::{Row, Table};

type Failure = Box<dyn Error>;

const ROUNDS: usize = 5;
/// The shortest time a library runs in a round.
const ROUND: Duration = Duration::from_millis(200);
/// The largest difference of two outputs that are equal, in standard deviations.
const TOLERANCE: f64 = 1e-3;
/// How many losses are compared.
const LOSSES: usize = 5;
/// A step of training: forward, mean squared error, backward, descent.
const TRAINING: &str = "train_mnist_ae_b64";

/// The command line.
struct Options {
    threads: usize,
    /// Parts of the names of the cases to run; all cases if empty.
    cases: Vec<String>,
    peers: Vec<String>,
}

impl Options {
    fn parse(arguments: impl Iterator<Item = String>) -> Result<Options, Failure> {
        let mut options = Options { threads: 1, cases: Vec::new(), peers: PEERS.map(String::from).to_vec() };
        let mut arguments = arguments.peekable();
        while let Some(argument) = arguments.next() {
            let value = arguments.next().ok_or_else(|| format!("{argument} wants a value"))?;
            let words = || value.split(',').map(String::from).collect();
            match argument.as_str() {
                "--threads" => options.threads = value.parse()?,
                "--cases" => options.cases = words(),
                "--peers" => options.peers = words(),
                _ => return Err(format!("what is {argument}?").into()),
            }
        }
        Ok(options)
    }
}

/// Times one case.
struct Compare<'a> {
    case: &'a str,
    is_training: bool,
    options: &'a Options,
}

impl Visit for Compare<'_> {
    type Output = Result<Row, Failure>;

    fn visit<M: Model + Parts>(self, init: fn(&mut Xoshiro256PlusPlus) -> M) -> Result<Row, Failure> {
        let Compare { case, is_training, options } = self;
        let (_, batch) = split(case);
        let mut model = init(&mut Xoshiro256PlusPlus::seed_from_u64(1));
        let net = Net::new(&mut model, batch)?;
        let mut ours = peers::load_convshape(model, &net, is_training);
        let runs = if is_training { LOSSES } else { 1 };
        let expected = output(ours.as_mut(), runs)?;

        let mut ready: Vec<Option<Box<dyn Ready>>> = Vec::new();
        for peer in &options.peers {
            let loaded = peers::load(peer, &net, is_training, options.threads);
            ready.push(match loaded.and_then(|ready| checked(ready, runs, &expected)) {
                Ok(ready) => Some(ready),
                Err(failure) => {
                    eprintln!("{case}: {peer}: {failure}");
                    None
                }
            });
        }
        ready.push(Some(ours));

        let mut times = Vec::new();
        for ready in &mut ready {
            times.push(ready.as_mut().map(|ready| runs_a_round(ready.as_mut())).transpose()?);
        }
        let mut seconds = vec![f64::INFINITY; ready.len()];
        let mut peak = 0.0;
        for _ in 0..ROUNDS {
            peak = f64::max(peak, peak_flops());
            for ((ready, &times), seconds) in ready.iter_mut().zip(&times).zip(&mut seconds) {
                if let (Some(ready), Some(times)) = (ready, times) {
                    *seconds = seconds.min(mean(ready.as_mut(), times)?);
                }
            }
        }
        let ours = seconds.pop().ok_or("convshape runs everything")?;
        // The gradients of inputs and of weights each take as many as the outputs.
        let flops = 2.0 * net.macs * if is_training { 3.0 } else { 1.0 };
        Ok(Row { case: case.into(), peers: seconds, ours, flops, peak: peak * options.threads as f64 })
    }
}

/// The result of some runs.
fn output(ready: &mut dyn Ready, runs: usize) -> Result<Vec<f32>, Failure> {
    for _ in 0..runs {
        ready.run()?;
    }
    ready.output()
}

/// The network in a library, if its output is correct.
fn checked(mut ready: Box<dyn Ready>, runs: usize, expected: &[f32]) -> Result<Box<dyn Ready>, Failure> {
    let difference = difference(&output(ready.as_mut(), runs)?, expected);
    if difference < TOLERANCE { Ok(ready) } else { Err(format!("differs by {difference:.1e}").into()) }
}

/// The largest difference, in standard deviations of the expected output; relative to it if that is a single number.
fn difference(found: &[f32], expected: &[f32]) -> f64 {
    let numbers = || expected.iter().map(|&y| f64::from(y));
    let count = expected.len() as f64;
    let mean = numbers().sum::<f64>() / count;
    let deviation = (numbers().map(|y| (y - mean) * (y - mean)).sum::<f64>() / count).sqrt();
    let scale = if expected.len() == 1 { mean.abs() } else { deviation };
    let differences = found.iter().zip(numbers()).map(|(&y, expected)| (f64::from(y) - expected).abs());
    // `max` would ignore NaN.
    let is_finite = found.iter().all(|y| y.is_finite());
    if found.len() == expected.len() && is_finite { differences.fold(0.0, f64::max) / scale } else { f64::INFINITY }
}

/// How many runs a round needs.
fn runs_a_round(ready: &mut dyn Ready) -> Result<u32, Failure> {
    let mut times = 1;
    loop {
        let seconds = mean(ready, times)?;
        if seconds * f64::from(times) > ROUND.as_secs_f64() / 10.0 {
            return Ok((ROUND.as_secs_f64() / seconds).ceil() as u32);
        }
        times *= 2;
    }
}

/// Seconds of one run, the mean over several.
fn mean(ready: &mut dyn Ready, times: u32) -> Result<f64, Failure> {
    let start = Instant::now();
    for _ in 0..times {
        ready.run()?;
    }
    Ok(start.elapsed().as_secs_f64() / f64::from(times))
}

/// The variable with the number of threads for rayon, and for what uses it.
const THREADS: &str = "RAYON_NUM_THREADS";

fn main() -> Result<ExitCode, Failure> {
    let options = Options::parse(env::args().skip(1))?;
    let threads = options.threads.to_string();
    if env::var(THREADS).as_ref() != Ok(&threads) {
        // Libraries may read it at any time, so it is set at the start.
        let status = Command::new(env::current_exe()?).args(env::args().skip(1)).env(THREADS, threads).status()?;
        return Ok(if status.success() { ExitCode::SUCCESS } else { ExitCode::FAILURE });
    }
    let mut table = Table::new(&options.peers);
    for case in CASES.into_iter().chain([TRAINING]) {
        if options.cases.is_empty() || options.cases.iter().any(|word| case.contains(word.as_str())) {
            let name = case.strip_prefix("train_").unwrap_or(case);
            let compare = Compare { case, is_training: name != case, options: &options };
            table.push(with_case(name, compare).ok_or("no such case")??);
        }
    }
    table.finish();
    Ok(ExitCode::SUCCESS)
}
