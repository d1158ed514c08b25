//! `port` on networks that were not written for it: the chains give PyTorch's numbers for the parameters of the same
//! names.

use std::fs;
use std::path::Path;

use convshape_tests::networks;
use proc_macro2::{TokenStream, TokenTree};

/// Networks of `data/networks`: the recorded name, the file, what makes the model, and its input.
const PORTED: [(&str, &str, &str, &str); 14] = [
    ("alexnet", "vision", "AlexNet()", "3, 227, 227"),
    ("crepe", "record", "Crepe()", "1, 1024"),
    ("crnn", "vision", "Crnn()", "1, 32, 100"),
    ("demucs", "audio", "Demucs(4)", "2, 17748"),
    ("dueling_dqn", "record", "DuelingDqn()", "4, 84, 84"),
    ("googlenet", "vision", "GoogLeNet()", "3, 224, 224"),
    ("mixer_s16", "classifiers", "MixerS16()", "3, 224, 224"),
    ("poolformer_s12", "classifiers", "PoolFormerS12()", "3, 64, 64"),
    ("res2net50", "classifiers", "Res2Net50()", "3, 64, 64"),
    ("rrdbnet", "restoration", "RrdbNet()", "3, 8, 8"),
    ("u2netp", "restoration", "U2NetP()", "3, 64, 64"),
    ("vae_decoder", "attention", "VaeDecoder()", "4, 4, 4"),
    ("wav2vec2", "audio", "Wav2Vec2()", "1, 8000"),
    ("wavenet", "audio", "WaveNet()", "256, 64"),
];

#[test]
fn ported_networks_give_the_recorded_numbers() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("data/networks");
    for (name, file, model, input) in PORTED {
        let text = fs::read_to_string(folder.join(file).with_extension("py")).expect("is there");
        let end = ["\nCASES = {", "\ndef cases"].iter().find_map(|end| text.find(end)).expect("the cases");
        let classes = &text[..end];
        let program = format!("{classes}\nmodel = {model}\nmodel(torch.randn(1, {input}))\n");
        let (class, _) = model.split_once('(').expect("a call");
        let ported = convshape_front::port(&program, class).unwrap_or_else(|faults| panic!("{name}: {faults:?}"));
        let tokens: TokenStream = ported.source.parse().expect("tokens");
        let group = |token| if let TokenTree::Group(group) = token { Some(group.stream()) } else { None };
        let chain = tokens.into_iter().find_map(group).expect("a chain");
        let graph = convshape_front::graph(chain, Path::new(".")).unwrap_or_else(|| panic!("{name} does not fit"));
        networks::check_graph(name, graph);
    }
}
