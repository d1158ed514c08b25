//! What a mistyped word probably was.

/// The candidate that differs from `word` in the fewest letters, if there are few enough. Case and `_` are ignored:
/// `Conv2D` is `Conv2d`, `outputpadding` is `output_padding`.
pub(crate) fn nearest(word: &str, candidates: impl Iterator<Item = String>) -> Option<String> {
    let typed = letters(word);
    // A short word that differs in two letters is a different word.
    let allowed = match typed.len() {
        0 => return None,
        1..=3 => 1,
        4..=7 => 2,
        _ => 3,
    };
    // No word of the language is that long, so the distance would only waste time.
    if typed.len() > 40 {
        return None;
    }
    let typed_letters = set(&typed);
    candidates
        // Cheaper than the distance and never larger, so most candidates are rejected here.
        .filter(|candidate| {
            let (length, other) = (candidate.len(), letters_of(candidate));
            length + allowed >= typed.len() && (typed_letters & !other).count_ones() as usize <= allowed
        })
        .map(|candidate| (distance(&typed, &letters(&candidate)), candidate))
        .filter(|(distance, candidate)| *distance <= allowed && 3 * *distance <= letters(candidate).len())
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// In how many letters two words differ.
pub(crate) fn difference(a: &str, b: &str) -> usize {
    distance(&letters(a), &letters(b))
}

/// The set of letters in a word, one bit each.
fn set(letters: &[char]) -> u64 {
    letters.iter().fold(0, |set, letter| set | bit(u32::from(*letter)))
}

fn letters_of(word: &str) -> u64 {
    word.chars().fold(0, |set, letter| set | bit(u32::from(letter.to_ascii_lowercase())))
}

/// Other characters share bits, which only lets a few more words through.
fn bit(letter: u32) -> u64 {
    1 << (letter % 64)
}

fn letters(word: &str) -> Vec<char> {
    word.chars().filter(|c| *c != '_').map(|c| c.to_ascii_lowercase()).collect()
}

/// Counts insertions, deletions, replacements and swaps of neighbours (Damerau and Levenshtein, each letter changed
/// once).
fn distance(a: &[char], b: &[char]) -> usize {
    let mut rows = vec![vec![0; b.len() + 1]; a.len() + 1];
    for (i, row) in rows.iter_mut().enumerate() {
        row[0] = i;
    }
    rows[0] = (0..=b.len()).collect();
    for i in 1..=a.len() {
        for j in 1..=b.len() {
            let differ = usize::from(a[i - 1] != b[j - 1]);
            let mut best = (rows[i - 1][j] + 1).min(rows[i][j - 1] + 1).min(rows[i - 1][j - 1] + differ);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                best = best.min(rows[i - 2][j - 2] + 1);
            }
            rows[i][j] = best;
        }
    }
    rows[a.len()][b.len()]
}
