import GRDB

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// A text as a BLOB of its UTF-8, since as TEXT it would end at its first NUL: on the way there, on the way back, and
/// for SQL's `length`.
///
/// Equal is what has the same bytes, as for SQL, and not what only looks the same, as for Swift.
struct StoredText: DatabaseValueConvertible, Hashable {
    let text: String

    init(_ text: String) { self.text = text }

    var databaseValue: DatabaseValue { Data(text.utf8).databaseValue }

    static func fromDatabaseValue(_ value: DatabaseValue) -> StoredText? {
        Data.fromDatabaseValue(value).map { StoredText(String(decoding: $0, as: UTF8.self)) }
    }

    static func == (one: StoredText, other: StoredText) -> Bool { one.text.utf8.elementsEqual(other.text.utf8) }

    func hash(into hasher: inout Hasher) {
        var text = text
        text.withUTF8 { hasher.combine(bytes: UnsafeRawBufferPointer($0)) }
    }
}
