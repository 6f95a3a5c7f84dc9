//! What a message does with orders: ORC-1, order control (HL7 v2.5.1 clause 4.5.1.1, table 0119).

/// So much of an ORC line holds its first field.
pub(super) const CONTROL_LINE_MAX: usize = 16;

/// What a message does with its orders: the first code that ends or holds one, else the first.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Orders {
    control: Option<&'static str>,
}

impl Orders {
    /// The code, where there is one of the table.
    pub(super) const fn control(&self) -> Option<&'static str> {
        self.control
    }

    /// Takes the beginning of an ORC line of a message with this field separator.
    #[inline]
    pub(super) fn common(&mut self, line: &[u8], field: u8) {
        let Some(code) = line.split(|byte| *byte == field).nth(1) else { return };
        let new = || CONTROLS.iter().copied().find(|known| known.as_bytes() == code);
        match self.control {
            None => self.control = new(),
            Some(known) if known.as_bytes() != code && !stops(known) => {
                self.control = new().filter(|new| stops(new)).or(self.control);
            }
            Some(_) => {}
        }
    }
}

/// Whether a code ends or holds an order.
fn stops(code: &str) -> bool {
    matches!(code, "CA" | "DC" | "HD" | "OC" | "OD" | "OH")
}

/// Table 0119 of versions 2.1 to 2.9.1.
const CONTROLS: [&str; 61] = [
    "NW", "RE", "SC", "CA", "DC", "OK", "SN", "NA", "XO", "XX", "CR", "DR", "OC", "OD", "HD", "HR", "OH", "OR", "RL",
    "OE", "RP", "RO", "RQ", "RR", "RU", "RF", "AF", "DF", "FU", "OF", "UF", "UA", "UC", "UD", "UH", "UM", "UN", "UR",
    "UX", "XR", "CH", "CN", "CP", "DE", "LI", "MC", "OP", "PA", "PY", "PR", "SR", "SS", "SQ", "AU", "DN", "AS", "CL",
    "NR", "RC", "IN", "RA",
];

#[cfg(test)]
mod tests {
    use super::*;

    fn of(lines: &[&str]) -> Option<&'static str> {
        let mut orders = Orders::default();
        lines.iter().for_each(|line| orders.common(line.as_bytes(), b'|'));
        orders.control()
    }

    #[test]
    fn the_first_code_but_one_that_stops_an_order_before_it() {
        assert_eq!(of(&["ORC|NW|1", "ORC|XO|2"]), Some("NW"));
        assert_eq!(of(&["ORC|NW|1", "ORC|DC|2", "ORC|CA|3"]), Some("DC"));
        assert_eq!(of(&["ORC|CANARY|1", "ORC||2", "ORC", "ORC|OK"]), Some("OK"));
        assert_eq!(of(&["ORC|OK", "ORC|CANARY"]), Some("OK"));
        assert_eq!(of(&[]), None);
    }
}
