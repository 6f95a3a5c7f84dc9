//! The program from outside: captures in, bytes out.
//!
//! Every test runs the built `wardtap`. The captures under `captures/` and what each is expected to show are the ground.

mod commands;
mod goldens;
mod run;
mod workers;
