//! What is measured: analytes with their distributions among a hospital's patients, and the panels that are ordered.

use crate::dice::Dice;

/// An analyte.
#[derive(Debug)]
pub struct Analyte {
    /// LOINC code and name.
    pub code: &'static str,
    /// The unit (UCUM).
    pub unit: &'static str,
    /// The reference range.
    pub normal: (f64, f64),
    /// The median among patients.
    pub median: f64,
    /// Standard deviation; of the logarithm where values are skewed.
    pub spread: f64,
    /// Skewed, as enzymes and inflammation are.
    pub skewed: bool,
    /// Decimal places.
    pub places: usize,
}

const fn even(
    code: &'static str,
    unit: &'static str,
    normal: (f64, f64),
    median: f64,
    spread: f64,
    places: usize,
) -> Analyte {
    Analyte { code, unit, normal, median, spread, skewed: false, places }
}

const fn skewed(
    code: &'static str,
    unit: &'static str,
    normal: (f64, f64),
    median: f64,
    spread: f64,
    places: usize,
) -> Analyte {
    Analyte { code, unit, normal, median, spread, skewed: true, places }
}

/// All analytes.
pub const ANALYTES: [Analyte; 29] = [
    even("2951-2^Sodium", "mmol/L", (135.0, 145.0), 138.5, 3.6, 0),
    even("2823-3^Potassium", "mmol/L", (3.5, 5.1), 4.2, 0.45, 1),
    even("2075-0^Chloride", "mmol/L", (98.0, 107.0), 102.5, 3.9, 0),
    even("2000-8^Calcium", "mmol/L", (2.15, 2.55), 2.24, 0.13, 2),
    skewed("2160-0^Creatinine", "mg/dL", (0.5, 1.2), 0.98, 0.45, 2),
    skewed("3091-6^Urea", "mg/dL", (17.0, 43.0), 38.0, 0.5, 0),
    skewed("2345-7^Glucose", "mg/dL", (70.0, 110.0), 118.0, 0.28, 0),
    skewed("1988-5^CRP", "mg/L", (0.0, 5.0), 18.0, 1.3, 1),
    skewed("1742-6^ALT", "U/L", (7.0, 45.0), 26.0, 0.65, 0),
    skewed("1920-8^AST", "U/L", (8.0, 40.0), 29.0, 0.6, 0),
    skewed("1975-2^Bilirubin", "mg/dL", (0.2, 1.2), 0.6, 0.6, 2),
    even("2885-2^Protein", "g/dL", (6.4, 8.3), 6.6, 0.75, 1),
    skewed("6690-2^Leukocytes", "10*3/uL", (4.0, 10.0), 8.4, 0.42, 1),
    even("789-8^Erythrocytes", "10*6/uL", (4.1, 5.6), 4.05, 0.68, 2),
    even("718-7^Hemoglobin", "g/dL", (12.0, 16.5), 11.8, 2.0, 1),
    even("4544-3^Hematocrit", "%", (36.0, 48.0), 35.8, 5.6, 1),
    even("787-2^MCV", "fL", (80.0, 98.0), 89.0, 5.8, 0),
    skewed("777-3^Platelets", "10*3/uL", (150.0, 400.0), 228.0, 0.42, 0),
    skewed("6301-6^INR", "{ratio}", (0.85, 1.15), 1.12, 0.25, 2),
    skewed("3173-2^aPTT", "s", (25.0, 37.0), 31.0, 0.2, 1),
    even("3255-7^Fibrinogen", "mg/dL", (200.0, 400.0), 395.0, 120.0, 0),
    even("2744-1^pH", "[pH]", (7.35, 7.45), 7.4, 0.06, 2),
    even("2019-8^pCO2", "mm[Hg]", (35.0, 45.0), 41.0, 7.5, 0),
    even("2703-7^pO2", "mm[Hg]", (75.0, 100.0), 84.0, 19.0, 0),
    skewed("2524-7^Lactate", "mmol/L", (0.5, 2.0), 1.4, 0.55, 1),
    skewed("67151-1^Troponin T hs", "ng/L", (0.0, 14.0), 15.0, 1.1, 0),
    skewed("33762-6^NT-proBNP", "pg/mL", (0.0, 300.0), 420.0, 1.4, 0),
    skewed("3016-3^TSH", "mU/L", (0.4, 4.0), 1.5, 0.7, 2),
    skewed("33959-8^Procalcitonin", "ng/mL", (0.0, 0.5), 0.14, 1.3, 2),
];

/// Analytes that are ordered together.
#[derive(Debug)]
pub struct Panel {
    /// Code and name of the order.
    pub order: (&'static str, &'static str),
    /// The specimen's type (HL7 table 0487).
    pub specimen: &'static str,
    /// The first of its analytes, and one beyond its last.
    pub analytes: std::ops::Range<usize>,
    /// How often it is ordered, among all.
    pub weight: f64,
    /// Minutes that the measurement takes.
    pub minutes: f64,
}

/// All panels, the commonest first.
pub const PANELS: [Panel; 5] = [
    Panel { order: ("CHEM", "Chemistry"), specimen: "SER", analytes: 0..12, weight: 0.75, minutes: 14.0 },
    Panel { order: ("CBC", "Blood count"), specimen: "WB", analytes: 12..18, weight: 0.7, minutes: 4.0 },
    Panel { order: ("COAG", "Coagulation"), specimen: "PLAS", analytes: 18..21, weight: 0.25, minutes: 9.0 },
    Panel { order: ("IMMU", "Immunoassays"), specimen: "SER", analytes: 25..29, weight: 0.2, minutes: 22.0 },
    Panel { order: ("BGAS", "Blood gases"), specimen: "BLDA", analytes: 21..25, weight: 0.15, minutes: 2.0 },
];

impl Analyte {
    /// A patient's value, `bias` standard deviations beside what it is.
    pub fn measure(&self, dice: &mut Dice, bias: f64) -> f64 {
        let place = dice.normal(bias, 1.0);
        if self.skewed {
            self.median * libm::exp(place * self.spread)
        } else {
            (self.median + place * self.spread).max(0.0)
        }
    }

    /// A control material's value: its target with the analyser's imprecision.
    pub fn control(&self, dice: &mut Dice, bias: f64, high: bool) -> f64 {
        let target = if high { self.normal.1 * 1.4 } else { (self.normal.0 + self.normal.1) / 2.0 };
        let off = bias * if self.skewed { self.median * self.spread } else { self.spread };
        (target * dice.normal(1.0, 0.012) + off).max(0.0)
    }

    /// OBX (HL7 v2.5.1 section 7.4.2): `value` in this analyte's unit; `final_` when the laboratory has released it.
    pub fn obx(&self, number: usize, value: f64, state: char, time: &str) -> String {
        let Self { code, unit, normal: (low, high), places, .. } = self;
        let flag = match value {
            value if value > *high => "H",
            value if value < *low => "L",
            _ => "N",
        };
        format!("OBX|{number}|NM|{code}^LN||{value:.places$}|{unit}|{low}-{high}|{flag}|||{state}|||{time}")
    }
}
