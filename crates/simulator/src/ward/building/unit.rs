//! Units: what controllers keep in registers, coils and inputs, and how they answer.

use std::time::Duration;

use super::process::Process;
use crate::clock::Time;
use crate::dice::Dice;
use crate::queue::Mark;
use crate::wire::modbus::{self, ILLEGAL_DATA_ADDRESS, ILLEGAL_DATA_VALUE, ILLEGAL_FUNCTION, Request};

/// What kind of controller a unit is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A medical gas panel.
    Gas,
    /// The pressure controller of an isolation room.
    Isolation,
    /// An uninterruptible power supply.
    Ups,
    /// A blood fridge.
    Fridge,
}

/// The four tables of the data model (section 4.3 of the protocol), by the function that reads them.
pub const COILS: u8 = 1;
/// See above.
pub const INPUTS: u8 = 2;
/// See above.
pub const HOLDING: u8 = 3;
/// See above.
pub const INPUT_REGISTERS: u8 = 4;

/// A run of registers or bits.
#[derive(Clone, Debug)]
pub struct Bank {
    /// The function that reads it.
    pub table: u8,
    /// Address of the first.
    pub base: u16,
    /// Their values; bits are 0 or 1.
    pub values: Vec<u16>,
}

/// All registers and bits of a unit.
#[derive(Clone, Debug, Default)]
pub struct Image(pub Vec<Bank>);

impl Image {
    /// So many values from an address on, where all of them exist.
    pub fn slice(&mut self, table: u8, address: u16, quantity: u16) -> Option<&mut [u16]> {
        let bank = self
            .0
            .iter_mut()
            .find(|bank| bank.table == table && (bank.base..bank.base + bank.values.len() as u16).contains(&address))?;
        let start = usize::from(address - bank.base);
        bank.values.get_mut(start..start + usize::from(quantity))
    }

    /// A value; 0 where there is none.
    pub fn get(&mut self, table: u8, address: u16) -> u16 {
        self.slice(table, address, 1).map_or(0, |values| values[0])
    }

    /// Sets a value where there is one.
    pub fn set(&mut self, table: u8, address: u16, value: u16) {
        if let Some(values) = self.slice(table, address, 1) {
            values[0] = value;
        }
    }
}

/// What somebody makes of a unit's reports on their way, or in the unit itself.
#[derive(Clone, Debug)]
pub struct Tamper {
    /// What the changed answers belong to.
    pub mark: Mark,
    /// Since when.
    pub since: Time,
    /// What was recorded before, to be told again.
    pub recorded: Vec<Image>,
    /// Changes what is reported, after so long.
    pub change: fn(&mut Image, &Tamper, Duration),
}

/// How a unit takes a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// It answers.
    Normal,
    /// It refuses.
    Exception(u8),
    /// It says nothing.
    Silence,
}

/// A unit.
#[derive(Clone, Debug)]
pub struct Unit {
    /// Its unit identifier.
    pub id: u8,
    /// What it is.
    pub kind: Kind,
    /// Its registers and bits.
    pub image: Image,
    /// What it measures and moves.
    pub process: Process,
    /// It does not answer: switched off, or in listen only mode.
    pub silent: bool,
    /// It answers everything with this exception.
    pub refuses: Option<u8>,
    /// The revision of its program, where that is not what it was delivered with.
    pub revision: Option<&'static str>,
    /// See [`Tamper`].
    pub tamper: Option<Tamper>,
}

impl Unit {
    /// A unit as it was put into service.
    pub fn new(id: u8, kind: Kind, mut dice: Dice) -> Self {
        let image = commissioned(kind, &mut dice);
        let process = Process::new(kind, dice);
        Self { id, kind, image, process, silent: false, refuses: None, revision: None, tamper: None }
    }

    /// What it reports at a time, where that differs from what is so.
    pub fn reported(&self, now: Time) -> Option<Image> {
        let tamper = self.tamper.as_ref()?;
        let mut image = self.image.clone();
        (tamper.change)(&mut image, tamper, now.since(tamper.since));
        Some(image)
    }

    /// Does what a request asks and appends the PDU that answers it, with reads served from `reported` where there is one.
    pub fn answer(&mut self, request: &Request, reported: Option<Image>, out: &mut Vec<u8>) -> Answer {
        if self.silent {
            return Answer::Silence;
        }
        let start = out.len();
        let outcome = match self.refuses {
            Some(code) => Err(code),
            None => self.perform(request, reported, out),
        };
        match outcome {
            Ok(answer) => answer,
            Err(code) => {
                out.truncate(start);
                modbus::answer_exception(out, request.function(), code);
                Answer::Exception(code)
            }
        }
    }

    fn perform(&mut self, request: &Request, reported: Option<Image>, out: &mut Vec<u8>) -> Result<Answer, u8> {
        if !request.is_within_limits() {
            return Err(ILLEGAL_DATA_VALUE);
        }
        let function = request.function();
        match request {
            Request::Read { function, address, quantity } => {
                let mut reported = reported;
                let image = reported.as_mut().unwrap_or(&mut self.image);
                let values = image.slice(*function, *address, *quantity).ok_or(ILLEGAL_DATA_ADDRESS)?;
                if *function <= INPUTS {
                    modbus::answer_bits(out, *function, values);
                } else {
                    modbus::answer_registers(out, *function, values);
                }
            }
            Request::WriteCoil { address, on } => {
                self.write(COILS, *address, &[u16::from(*on)])?;
                request.encode(out);
            }
            Request::WriteRegister { address, value } => {
                self.write(HOLDING, *address, &[*value])?;
                request.encode(out);
            }
            Request::WriteCoils { address, on } => {
                let states: Vec<u16> = on.iter().map(|on| u16::from(*on)).collect();
                self.write(COILS, *address, &states)?;
                modbus::answer_written(out, function, *address, on.len() as u16);
            }
            Request::WriteRegisters { address, values } => {
                self.write(HOLDING, *address, values)?;
                modbus::answer_written(out, function, *address, values.len() as u16);
            }
            Request::MaskWrite { address, and, or } => {
                let value = self.image.slice(HOLDING, *address, 1).ok_or(ILLEGAL_DATA_ADDRESS)?;
                value[0] = (value[0] & and) | (or & !and);
                request.encode(out);
            }
            Request::ReadWrite { read, address, values } => {
                // The write comes first (section 6.17).
                self.write(HOLDING, *address, values)?;
                let values = self.image.slice(HOLDING, read.0, read.1).ok_or(ILLEGAL_DATA_ADDRESS)?;
                modbus::answer_registers(out, function, values);
            }
            Request::Diagnostics { subfunction: 4, .. } => {
                self.silent = true;
                return Ok(Answer::Silence);
            }
            Request::Diagnostics { .. } if self.kind != Kind::Ups => request.encode(out),
            Request::ReportServerId => modbus::answer_server_id(out, self.id, self.describe()[1]),
            Request::DeviceIdentification { code, .. } if self.kind != Kind::Fridge => {
                modbus::answer_identification(out, *code, self.describe());
            }
            // Write File Record is answered with itself (section 6.15).
            Request::Other { function: 21, .. } if self.kind == Kind::Isolation => request.encode(out),
            // The maker's own function: the session, and that it was done.
            Request::Other { function: modbus::UMAS, data } if self.kind == Kind::Gas => {
                out.extend_from_slice(&[function, data.first().copied().unwrap_or_default(), 0xfe]);
            }
            _ => return Err(ILLEGAL_FUNCTION),
        }
        Ok(Answer::Normal)
    }

    fn write(&mut self, table: u8, address: u16, values: &[u16]) -> Result<(), u8> {
        let place = self.image.slice(table, address, values.len() as u16).ok_or(ILLEGAL_DATA_ADDRESS)?;
        place.copy_from_slice(values);
        Ok(())
    }

    /// Vendor, product code, revision.
    fn describe(&self) -> [&'static str; 3] {
        let [vendor, product, revision] = match self.kind {
            Kind::Gas => ["Schneider Electric", "TM221ME16R", "V1.6"],
            Kind::Isolation => ["SIEMENS", "POL687.00/STD", "V11.42"],
            Kind::Ups => ["APC", "AP9630", "V7.1.2"],
            Kind::Fridge => ["Helmer", "iB120", "3.04"],
        };
        [vendor, product, self.revision.unwrap_or(revision)]
    }
}

/// Where a controller keeps its clock: year, month, day, hour, minute, second.
pub const CLOCK: u16 = 900;

/// Registers of a gas panel: lower limit of oxygen in kPa.
pub const OXYGEN_LOW: u16 = 101;
/// A calibration of the oxygen sensor, set once by its maker.
pub const OXYGEN_OFFSET: u16 = 140;
/// Registers of an isolation room: wanted pressure in tenths of a pascal.
pub const PRESSURE_SETPOINT: u16 = 40;
/// Wanted temperature in tenths of a degree.
pub const TEMPERATURE_SETPOINT: u16 = 41;
/// Least fan speed in tenths of a percent.
pub const FAN_LEAST: u16 = 42;
/// The mode: bit 0 in use, bit 1 quiet.
pub const MODE: u16 = 43;
/// A counter that the master raises, so that the controller knows that it lives.
pub const HEARTBEAT: u16 = 60;
/// Registers of a fridge: wanted temperature in tenths of a degree, then its limits.
pub const FRIDGE_SETPOINT: u16 = 16;
/// The command register of a power supply: 1 tests the battery.
pub const UPS_TEST: u16 = 300;

/// A signed value as a register holds it.
pub fn signed(value: i16) -> u16 {
    value as u16
}

fn commissioned(kind: Kind, dice: &mut Dice) -> Image {
    let bank = |table, base, values: &[u16]| Bank { table, base, values: values.to_vec() };
    let clock = bank(HOLDING, CLOCK, &[2026, 1, 5, 0, 0, 0]);
    let vary = |dice: &mut Dice, middle: u64, by: u64| dice.range(middle - by..middle + by + 1) as u16;
    let banks = match kind {
        Kind::Gas => vec![
            bank(INPUT_REGISTERS, 0, &[0; 9]),
            bank(INPUT_REGISTERS, 20, &[0; 4]),
            bank(INPUTS, 0, &[0; 16]),
            bank(HOLDING, 100, &[480, 380, 480, 380, 860, 680, 55, 10, 30, 0, 0, 0]),
            bank(HOLDING, OXYGEN_OFFSET, &[vary(dice, 1000, 12), 1000, 1000, 1000]),
            bank(COILS, 0, &[0; 8]),
            clock,
        ],
        Kind::Isolation => vec![
            bank(INPUT_REGISTERS, 0, &[0; 8]),
            bank(INPUT_REGISTERS, 30, &[0; 6]),
            bank(INPUTS, 0, &[0; 8]),
            bank(HOLDING, PRESSURE_SETPOINT, &[signed(-150), 220, 350, 1, 600, 20, 0, 0]),
            bank(HOLDING, HEARTBEAT, &[0; 4]),
            bank(HOLDING, 500, &[vary(dice, 120, 20), vary(dice, 45, 8), 10, 0]),
            bank(COILS, 0, &[1, 0, 0, 0]),
            clock,
        ],
        Kind::Ups => vec![bank(HOLDING, 128, &[0; 14]), bank(HOLDING, UPS_TEST, &[0; 2]), clock],
        Kind::Fridge => vec![
            bank(INPUT_REGISTERS, 0, &[0; 6]),
            bank(HOLDING, FRIDGE_SETPOINT, &[40, 60, 20, 15]),
            bank(COILS, 0, &[0; 2]),
            clock,
        ],
    };
    Image(banks)
}
