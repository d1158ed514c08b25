//! The table of results.

/// One case. Times are seconds per run; infinite if a library lacks a layer.
pub(crate) struct Row {
    pub(crate) case: String,
    pub(crate) peers: Vec<f64>,
    pub(crate) ours: f64,
    /// Floating-point operations of one run: two for each multiply-add.
    pub(crate) flops: f64,
    /// Peak operations per second of the threads.
    pub(crate) peak: f64,
}

/// Prints each row as soon as it is complete.
pub(crate) struct Table {
    peers: Vec<String>,
    ratios: Vec<f64>,
}

impl Table {
    pub(crate) fn new(peers: &[String]) -> Table {
        println!("| case | {} | convshape | GFLOP/s | of peak | best peer | ratio |", peers.join(" | "));
        println!("|---|{}---|---|---|---|---|", "---|".repeat(peers.len()));
        Table { peers: peers.to_vec(), ratios: Vec::new() }
    }

    pub(crate) fn push(&mut self, row: Row) {
        let times: Vec<String> = row.peers.iter().map(|&seconds| time(seconds)).collect();
        let speed = row.flops / row.ours;
        let best = row.peers.iter().zip(&self.peers).min_by(|a, b| a.0.total_cmp(b.0));
        let (best, ratio) = match best {
            Some((&seconds, peer)) if seconds.is_finite() => {
                self.ratios.push(seconds / row.ours);
                (peer.as_str(), format!("{:.2}", seconds / row.ours))
            }
            _ => ("-", "-".into()),
        };
        println!(
            "| {} | {} | {} | {:.0} | {:.0} % | {best} | {ratio} |",
            row.case,
            times.join(" | "),
            time(row.ours),
            speed / 1e9,
            100.0 * speed / row.peak
        );
    }

    /// The mean of all ratios.
    pub(crate) fn finish(self) {
        let mean = (self.ratios.iter().map(|ratio| ratio.ln()).sum::<f64>() / self.ratios.len() as f64).exp();
        let behind = self.ratios.iter().filter(|&&ratio| ratio < 1.0).count();
        println!();
        println!("Geometric mean of the ratios to the best peer: {mean:.2}. Behind it in {behind} cases.");
    }
}

fn time(seconds: f64) -> String {
    if seconds.is_infinite() {
        "-".into()
    } else if seconds < 1e-3 {
        format!("{:.0} µs", seconds * 1e6)
    } else {
        format!("{:.2} ms", seconds * 1e3)
    }
}
