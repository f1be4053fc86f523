import HTTPTypes

/// What a client accepts as a response's coding.
package enum ContentCoding {
    /// RFC 9110 section 12.5.3: named or covered by `*`, and not with a weight of zero.
    package static func acceptsGzip(_ headers: HTTPFields) -> Bool {
        var accepted: Bool?
        for item in headers[values: .acceptEncoding].joined(separator: ",").lowercased().split(separator: ",") {
            let parts = item.split(separator: ";").map { $0.filter { $0 != " " && $0 != "\t" } }
            guard let coding = parts.first, coding == "gzip" || coding == "x-gzip" || coding == "*" else { continue }
            let weight = parts.dropFirst().first { $0.hasPrefix("q=") }.flatMap { Double($0.dropFirst(2)) } ?? 1
            if coding != "*" { return weight > 0 }
            accepted = weight > 0
        }
        return accepted ?? false
    }

    /// `Vary` (RFC 9110 section 12.5.5) with what the choice of a coding depends on.
    package static func vary(_ header: String?) -> String {
        guard let header else { return "Accept-Encoding" }
        let names = header.lowercased().split(separator: ",").map { $0.filter { $0 != " " && $0 != "\t" } }
        return names.contains { $0 == "*" || $0 == "accept-encoding" } ? header : "\(header), Accept-Encoding"
    }
}
