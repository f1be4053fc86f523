import HTTPTypes

/// The header fields that may stand in a request once, by their definitions: a second line of them is no list.
enum SingletonFields {
    static func contains(_ name: HTTPField.Name) -> Bool { names.contains(name.canonicalName) }

    private static let names: Set<String> = [
        "age", "authorization", "content-disposition", "content-length", "content-location", "content-range",
        "content-type", "date", "etag", "expires", "from", "host", "if-modified-since", "if-range",
        "if-unmodified-since", "last-event-id", "last-modified", "location", "max-forwards", "origin",
        "proxy-authorization", "range", "referer", "retry-after", "server", "user-agent",
    ]
}
