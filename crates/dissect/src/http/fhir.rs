//! Types of FHIR resources, as they stand in paths (R4 4.0.1, R4B 4.3.0 and R5 5.0.0, Resource Types; RESTful API section 3.2.0.1.2).

/// `fhir:` and the name of each type in either version.
macro_rules! types {
    ($($name:ident)*) => { &[$(concat!("fhir:", stringify!($name))),*] };
}

/// In alphabetical order.
const TYPES: &[&str] = types!(
    Account ActivityDefinition ActorDefinition AdministrableProductDefinition AdverseEvent AllergyIntolerance Appointment
    AppointmentResponse ArtifactAssessment AuditEvent Basic Binary BiologicallyDerivedProduct
    BiologicallyDerivedProductDispense BodyStructure Bundle CapabilityStatement CarePlan CareTeam CatalogEntry ChargeItem
    ChargeItemDefinition Citation Claim ClaimResponse ClinicalImpression ClinicalUseDefinition CodeSystem Communication
    CommunicationRequest CompartmentDefinition Composition ConceptMap Condition ConditionDefinition Consent Contract Coverage
    CoverageEligibilityRequest CoverageEligibilityResponse DetectedIssue Device DeviceAssociation DeviceDefinition
    DeviceDispense DeviceMetric DeviceRequest DeviceUsage DeviceUseStatement DiagnosticReport DocumentManifest
    DocumentReference EffectEvidenceSynthesis Encounter EncounterHistory Endpoint EnrollmentRequest EnrollmentResponse
    EpisodeOfCare EventDefinition Evidence EvidenceReport EvidenceVariable ExampleScenario ExplanationOfBenefit
    FamilyMemberHistory Flag FormularyItem GenomicStudy Goal GraphDefinition Group GuidanceResponse HealthcareService
    ImagingSelection ImagingStudy Immunization ImmunizationEvaluation ImmunizationRecommendation ImplementationGuide
    Ingredient InsurancePlan InventoryItem InventoryReport Invoice Library Linkage List Location ManufacturedItemDefinition
    Measure MeasureReport Media Medication MedicationAdministration MedicationDispense MedicationKnowledge MedicationRequest
    MedicationStatement MedicinalProduct MedicinalProductAuthorization MedicinalProductContraindication
    MedicinalProductDefinition MedicinalProductIndication MedicinalProductIngredient MedicinalProductInteraction
    MedicinalProductManufactured MedicinalProductPackaged MedicinalProductPharmaceutical MedicinalProductUndesirableEffect
    MessageDefinition MessageHeader MolecularSequence NamingSystem NutritionIntake NutritionOrder NutritionProduct
    Observation ObservationDefinition OperationDefinition OperationOutcome Organization OrganizationAffiliation
    PackagedProductDefinition Parameters Patient PaymentNotice PaymentReconciliation Permission Person PlanDefinition
    Practitioner PractitionerRole Procedure Provenance Questionnaire QuestionnaireResponse RegulatedAuthorization
    RelatedPerson RequestGroup RequestOrchestration Requirements ResearchDefinition ResearchElementDefinition ResearchStudy
    ResearchSubject RiskAssessment RiskEvidenceSynthesis Schedule SearchParameter ServiceRequest Slot Specimen
    SpecimenDefinition StructureDefinition StructureMap Subscription SubscriptionStatus SubscriptionTopic Substance
    SubstanceDefinition SubstanceNucleicAcid SubstancePolymer SubstanceProtein SubstanceReferenceInformation
    SubstanceSourceMaterial SubstanceSpecification SupplyDelivery SupplyRequest Task TerminologyCapabilities TestPlan
    TestReport TestScript Transport ValueSet VerificationResult VisionPrescription
);

/// What stands in front of a type.
const PREFIX: &str = "fhir:";

/// The word for the type that a segment of a path is.
pub(super) fn resource(segment: &[u8]) -> Option<&'static str> {
    if !segment.first().is_some_and(u8::is_ascii_uppercase) {
        return None;
    }
    let name = |word: &&'static str| word.get(PREFIX.len()..).unwrap_or_default().as_bytes();
    let place = TYPES.binary_search_by(|word| name(word).cmp(segment)).ok()?;
    TYPES.get(place).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_type_is_found() {
        assert!(TYPES.is_sorted());
        for word in TYPES {
            assert_eq!(resource(&word.as_bytes()[PREFIX.len()..]), Some(*word));
        }
        for other in [&b"patient"[..], b"Patients", b"", b"Pat", b"Doe"] {
            assert_eq!(resource(other), None);
        }
    }
}
