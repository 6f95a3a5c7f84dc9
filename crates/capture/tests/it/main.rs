//! The packet sources from outside: real captures, written ones, damaged ones.
mod corpus;
