//! What fuzzing has found: traffic that nobody sends but to do harm.

use crate::wire::*;

#[test]
fn a_fin_in_front_of_held_data_leaves_no_gap_of_nothing() {
    let mut wire = Wire::open();
    wire.send(&client().octet(1).data(b"bcd"));
    wire.send(&client().flags(FIN | ACK));
    let flow = wire.only();
    assert_eq!((wire.client_stream().as_str(), flow.troubles.gaps), ("bcd", 0));
}
