//! `cargo run -p attack -- 127.0.0.1:8080 [CONNECTIONS]`: attacks a service until standard input ends, and prints every second what it has
//! seen. With `TSUNAGU_TRUSTED_PROXIES=127.0.0.1` the service believes that every password comes from a different address, and hashes it.

#![allow(clippy::print_stderr, reason = "a command line tool speaks on stderr")]

use attack::Attack;
use std::io::Read;
use std::sync::atomic::Ordering;
use std::time::Duration;

fn main() {
    let mut arguments = std::env::args().skip(1);
    let target = arguments.next().and_then(|text| text.parse().ok());
    let slow = arguments.next().map_or(Some(500), |text| text.parse().ok());
    let (Some(target), Some(slow)) = (target, slow) else {
        eprintln!("usage: attack ADDRESS:PORT [CONNECTIONS]");
        std::process::exit(2);
    };
    let attack = Attack::start(target, slow);
    let tally = std::sync::Arc::clone(&attack.tally);
    std::thread::spawn(move || {
        loop {
            std::thread::sleep(Duration::from_secs(1));
            let read = |number: &std::sync::atomic::AtomicUsize| number.load(Ordering::Relaxed);
            eprintln!(
                "slow connections {} (closed by the service {}), passwords hashed {}, refused {}",
                read(&tally.open),
                read(&tally.closed),
                read(&tally.wrong),
                read(&tally.refused)
            );
        }
    });
    let _ = std::io::stdin().read_to_end(&mut Vec::new());
}
