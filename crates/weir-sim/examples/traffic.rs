//! How fast a scenario is made, without files: exchanges and bytes a second.
//! `cargo run --release -p weir-sim --example traffic -- A1 20000 14 [PROMPTS-DIR]`

#![allow(clippy::print_stdout, clippy::expect_used, reason = "a measurement at a terminal")]

use std::path::Path;
use std::time::Instant;

use weir_exchange::LoggedExchange;
use weir_sim::traffic::{Arrivals, Corpus, Scenario, World};

fn main() {
    let mut arguments = std::env::args().skip(1);
    let name = arguments.next().unwrap_or_else(|| "A1".to_owned());
    let mut scenario = Scenario::preset(&name).expect("a preset's name");
    scenario.accounts = arguments.next().map_or(20_000, |text| text.parse().expect("a number of accounts"));
    scenario.days = arguments.next().map_or(14, |text| text.parse().expect("a number of days"));
    let corpus = match arguments.next() {
        Some(folder) => Corpus::from_prompts(Path::new(&folder), &[]).expect("a folder of prompts"),
        None => Corpus::built_in(),
    };
    let world = World::new(&scenario, corpus, Arrivals::built_in()).expect("a scenario that can be");
    let begun = Instant::now();
    let mut stream = world.stream();
    let set_up = begun.elapsed();
    let (mut exchange, mut exchanges, mut bytes) = (LoggedExchange::default(), 0_u64, 0_u64);
    let begun = Instant::now();
    while stream.next_into(&mut exchange).is_some() {
        exchanges += 1;
        bytes += exchange.messages.iter().map(|message| message.content.len() as u64).sum::<u64>();
    }
    let took = begun.elapsed();
    println!(
        "{name}: {} accounts set up in {set_up:.2?}; {exchanges} exchanges in {took:.2?}, {:.0} a second, {:.0} bytes of text each",
        world.account_count(),
        exchanges as f64 / took.as_secs_f64(),
        bytes as f64 / exchanges.max(1) as f64,
    );
}
