//! The migrations are compiled in: a new folder there must rebuild this crate.

fn main() {
    println!("cargo:rerun-if-changed=../../migrations");
}
