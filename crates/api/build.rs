//! A release carries the page: newly built files must rebuild this crate.

fn main() {
    println!("cargo:rerun-if-changed=../../web/dist");
}
