#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// RFC 4648 section 5, without padding: what cookies, URLs and headers take as it is.
package enum Base64URL {
    package static func text(of bytes: some Sequence<UInt8>) -> String {
        let text = Data(bytes).base64EncodedString()
        let encoded = text.utf8.lazy.filter { $0 != UInt8(ascii: "=") }.map { byte in
            switch byte {
            case UInt8(ascii: "+"): UInt8(ascii: "-")
            case UInt8(ascii: "/"): UInt8(ascii: "_")
            default: byte
            }
        }
        return String(decoding: Array(encoded), as: UTF8.self)
    }

    /// - Returns: nil for any text but the one that encodes the bytes.
    package static func bytes(of text: some Collection<UInt8>) -> [UInt8]? {
        var base64 = text.map { byte in
            switch byte {
            case UInt8(ascii: "-"): UInt8(ascii: "+")
            case UInt8(ascii: "_"): UInt8(ascii: "/")
            // None of its own.
            case UInt8(ascii: "+"), UInt8(ascii: "/"), UInt8(ascii: "="): UInt8(ascii: "?")
            default: byte
            }
        }
        while base64.count % 4 != 0 { base64.append(UInt8(ascii: "=")) }
        guard let bytes = Data(base64Encoded: Data(base64)).map({ [UInt8]($0) }) else { return nil }
        // The last character may have bits that stand for nothing.
        return Self.text(of: bytes).utf8.elementsEqual(text) ? bytes : nil
    }
}
