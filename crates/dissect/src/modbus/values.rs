//! The values at registers and coils that a message carries.
//!
//! "APS" is the MODBUS Application Protocol Specification V1.1b3.

use super::fields::Fields;
use super::function as code;
use super::wire::Adu;
use crate::Direction;
use crate::points::Points;

impl<'a> Adu<'a> {
    /// The values that a whole ADU carries at known places: those read, which a response tells without the address that
    /// was asked for (APS 6.1 to 6.4, 6.17), and those written where they are several (APS 6.11, 6.12, 6.17).
    #[inline]
    pub(super) fn points(&self, direction: Direction, fields: Fields) -> Option<Points<'a>> {
        use Direction::{Request, Response};
        let (function, several) = (self.header.function(), |quantity: &u16| *quantity > 1);
        let (first, quantity, from) = match (function, direction) {
            (code::READ_COILS..=code::READ_INPUT_REGISTERS | code::READ_WRITE_MULTIPLE_REGISTERS, Response) => {
                (fields.address()?, fields.quantity()?, 2)
            }
            (code::WRITE_MULTIPLE_COILS | code::WRITE_MULTIPLE_REGISTERS, Request) => {
                (fields.address()?, fields.quantity().filter(several)?, 6)
            }
            (code::READ_WRITE_MULTIPLE_REGISTERS, Request) => {
                (fields.write_address()?, fields.write_quantity().filter(several)?, 10)
            }
            _ => return None,
        };
        let data = self.pdu.get(from..).filter(|_| self.is_whole() && !self.is_exception())?;
        Some(match function {
            code::READ_COILS | code::READ_DISCRETE_INPUTS | code::WRITE_MULTIPLE_COILS => {
                Points::bits(first.into(), data, quantity.into())
            }
            _ => Points::words(first.into(), data, quantity.into()),
        })
    }
}
