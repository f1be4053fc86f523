import HTTPTypes

/// What a client accepts as a response's coding.
package enum ContentCoding {
    /// RFC 9110 section 12.5.3: named or covered by `*`, and not with a weight of zero.
    package static func acceptsGzip(_ headers: HTTPFields) -> Bool {
        let items = AcceptItem.items(of: .acceptEncoding, in: headers)
        let item = items.first { $0.value == "gzip" || $0.value == "x-gzip" } ?? items.last { $0.value == "*" }
        return item.map { $0.weight > 0 } ?? false
    }

    /// `Vary` (RFC 9110 section 12.5.5) with what the choice of a coding depends on.
    package static func vary(_ header: String?) -> String {
        guard let header else { return "Accept-Encoding" }
        let names = header.lowercased().split(separator: ",").map { $0.filter { $0 != " " && $0 != "\t" } }
        return names.contains { $0 == "*" || $0 == "accept-encoding" } ? header : "\(header), Accept-Encoding"
    }
}
