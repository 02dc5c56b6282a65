//! A release contains the page, so new files of the page must rebuild this crate.

fn main() {
    println!("cargo:rerun-if-changed=../../web/dist");
}
