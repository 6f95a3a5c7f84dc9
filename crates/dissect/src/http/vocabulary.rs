//! Words for what a message is about: of paths, types and schemes nothing else leaves.

use super::fhir;

/// What a request asks for.
pub(super) const OTHER: &str = "other";

/// The last parts of names of files that are programs, or what devices take for one.
const PROGRAMS: [&[u8]; 11] = [b"bin", b"fw", b"img", b"upd", b"hex", b"swu", b"cab", b"msi", b"exe", b"deb", b"rpm"];

/// Segments of a path that are looked at.
const SEGMENTS_MAX: usize = 32;

/// The path of a target: without scheme and host (RFC 9112 section 3.2.2), query and fragment; and the query.
fn parts(target: &[u8]) -> (&[u8], &[u8]) {
    let end = memchr::memchr2(b'?', b'#', target).unwrap_or(target.len());
    let (path, query) = target.split_at(end);
    let Some(scheme) = memchr::memmem::find(path, b"://") else { return (path, query) };
    let behind = path.get(scheme.saturating_add(3)..).unwrap_or_default();
    let start = memchr::memchr(b'/', behind).unwrap_or(behind.len());
    (behind.get(start..).unwrap_or_default(), query)
}

/// What a target names, in one word.
pub(super) fn resource(method: &[u8], target: &[u8]) -> &'static str {
    let (path, query) = parts(target);
    // PS3.18 section 9.1.2: Query Parameters of the URI service, the request type first among those that must be there.
    if query
        .get(1..)
        .unwrap_or_default()
        .split(|byte| *byte == b'&')
        .take(SEGMENTS_MAX)
        .any(|part| part == b"requestType=WADO")
    {
        return "dicomweb:wado-uri";
    }
    let segments = || path.split(|byte| *byte == b'/').filter(|segment| !segment.is_empty()).take(SEGMENTS_MAX);
    segments().find_map(fhir::resource).or_else(|| dicomweb(method, segments())).unwrap_or(OTHER)
}

/// The service of DICOMweb behind a path: the resources of studies (PS3.18 section 10.1.1, tables 10.4.1-1, 10.5.1-1 and
/// 10.6.1-1) and of worklists (section 11.1.1).
fn dicomweb<'a>(method: &[u8], segments: impl Iterator<Item = &'a [u8]>) -> Option<&'static str> {
    let is_uid = |text: &[u8]| {
        !text.is_empty() && text.len() <= 64 && text.iter().all(|byte| byte.is_ascii_digit() || *byte == b'.')
    };
    let is_stored = method == b"POST";
    let mut found = None;
    let mut inside = false;
    let mut last: &[u8] = b"";
    for segment in segments {
        found = match segment {
            b"studies" if is_stored => Some("dicomweb:stow"),
            b"studies" => Some("dicomweb:qido-studies"),
            b"series" => Some("dicomweb:qido-series"),
            b"instances" => Some("dicomweb:qido-instances"),
            b"workitems" => Some("dicomweb:ups"),
            b"frames" if inside => Some("dicomweb:wado-frames"),
            b"metadata" if inside => Some("dicomweb:wado-metadata"),
            b"rendered" | b"thumbnail" if inside => Some("dicomweb:wado-rendered"),
            b"bulkdata" if inside => Some("dicomweb:wado-bulkdata"),
            uid if is_uid(uid) => match last {
                b"studies" if is_stored => Some("dicomweb:stow"),
                b"studies" => Some("dicomweb:wado-study"),
                b"series" => Some("dicomweb:wado-series"),
                b"instances" => Some("dicomweb:wado-instance"),
                _ => found,
            },
            _ => found,
        };
        inside |= matches!(last, b"studies") && is_uid(segment);
        last = segment;
    }
    // "series" and "instances" alone are words of many programs: where a study or nothing stands before them they are those of
    // DICOMweb only when a study is named, too.
    match found {
        Some(
            "dicomweb:qido-series" | "dicomweb:qido-instances" | "dicomweb:wado-series" | "dicomweb:wado-instance",
        ) if !inside => None,
        found => found,
    }
}

/// Whether the path ends in the name of a program.
pub(super) fn is_program(target: &[u8]) -> bool {
    let (path, _) = parts(target);
    let name = path.rsplit(|byte| *byte == b'/').next().unwrap_or_default();
    let Some(dot) = memchr::memrchr(b'.', name) else { return false };
    let ending = name.get(dot.saturating_add(1)..).unwrap_or_default();
    // Packages of Android, too.
    PROGRAMS.iter().chain([&&b"apk"[..]]).any(|program| ending.eq_ignore_ascii_case(program))
}

/// The scheme of an `Authorization` (RFC 9110 section 11.4; IANA's registry of authentication schemes).
pub(super) fn scheme(value: &[u8]) -> &'static str {
    let scheme = value.split(|byte| *byte == b' ').next().unwrap_or_default();
    let known = ["basic", "digest", "bearer", "ntlm", "negotiate"];
    known.into_iter().find(|known| scheme.eq_ignore_ascii_case(known.as_bytes())).unwrap_or(OTHER)
}

/// The type of a body (RFC 9110 section 8.3.1; FHIR R5 section 3.2.0.1.10; PS3.18 section 8.7.3; IANA's registry of media types).
pub(super) fn media(value: &[u8]) -> &'static str {
    const KNOWN: [(&str, &str); 27] = [
        ("application/dicom", "application/dicom"),
        ("application/dicom+json", "dicom+json"),
        ("application/dicom+xml", "dicom+xml"),
        ("application/fhir+json", "fhir+json"),
        ("application/fhir+xml", "fhir+xml"),
        ("application/gzip", "archive"),
        ("application/hl7-v2", "hl7-v2"),
        ("application/hl7-v2+er7", "hl7-v2"),
        ("application/ipp", "ipp"),
        ("application/javascript", "script"),
        ("application/json", "json"),
        ("application/json+fhir", "fhir+json"),
        ("application/octet-stream", "octet-stream"),
        ("application/pdf", "pdf"),
        ("application/soap+xml", "soap+xml"),
        ("application/x-www-form-urlencoded", "form"),
        ("application/xml", "xml"),
        ("application/xml+fhir", "fhir+xml"),
        ("application/zip", "archive"),
        ("multipart/form-data", "form"),
        ("multipart/related", "multipart/related"),
        ("text/css", "style"),
        ("text/event-stream", "event-stream"),
        ("text/html", "html"),
        ("text/javascript", "script"),
        ("text/plain", "text"),
        ("text/xml", "xml"),
    ];
    const FAMILIES: [(&str, &str); 4] =
        [("image/", "image"), ("video/", "video"), ("audio/", "audio"), ("font/", "font")];
    let name = value.split(|byte| matches!(byte, b';' | b',')).next().unwrap_or_default().trim_ascii();
    let known = KNOWN.iter().find(|(known, _)| name.eq_ignore_ascii_case(known.as_bytes()));
    let of_family = |family: &&(&str, &str)| {
        name.get(..family.0.len()).is_some_and(|start| start.eq_ignore_ascii_case(family.0.as_bytes()))
    };
    known.or_else(|| FAMILIES.iter().find(of_family)).map_or(OTHER, |(_, word)| word)
}
