import HTTPTypes
import MartletCore

/// Where browsers are sent that open a page which is not for nobody.
struct SignInPage: Sendable {
    let path: String

    /// - Returns: nil for a client that opens no page: it is told 401.
    func redirect(_ ctx: Context, from response: Response) -> Response? {
        let request = ctx.request
        guard request.method == .get || request.method == .head, request.prefersHTML, request.path != path else {
            return nil
        }
        // 303: whatever the method was, the page is read.
        var redirect = Response(status: .seeOther)
        redirect.headers[.location] = "\(path)?\(Self.field)=\(request.target.encodedForQuery)"
        redirect.headers[.cacheControl] = "no-store"
        redirect.headers[.vary] = "Accept"
        for field in response.headers where field.name == .setCookie { redirect.headers.append(field) }
        return redirect
    }

    static let field = "return-to"
}

extension Context {
    /// Where a browser wanted to go when it was sent to the sign-in page: the field `return-to` of the query, if it is a path of
    /// this app, else `/`. No other host can be named there.
    public var returnTarget: String {
        guard let target = try? request.query[SignInPage.field], LocalTarget.isOne(target) else { return "/" }
        return target
    }

    /// The same for a field of a form, which the page passes on.
    ///
    /// - Parameter field: what the form had in it; nil for nothing.
    public func returnTarget(from field: String?) -> String {
        guard let field, LocalTarget.isOne(field) else { return "/" }
        return field
    }
}

/// A path of the app and perhaps a query: what a browser takes for no other host, whatever it makes of it.
enum LocalTarget {
    /// True for visible ASCII that begins with one slash. Browsers drop tabs and line ends, and read a backslash as a slash
    /// (WHATWG URL, section 4.4).
    static func isOne(_ text: String) -> Bool {
        let bytes = Array(text.utf8.prefix(maximumBytes + 1))
        guard bytes.first == UInt8(ascii: "/"), bytes.count <= maximumBytes,
            bytes.allSatisfy({ $0 > 0x20 && $0 < 0x7f && $0 != UInt8(ascii: "\\") })
        else { return false }
        return bytes.count == 1 || bytes[1] != UInt8(ascii: "/")
    }

    private static let maximumBytes = 2048
}

extension String {
    /// As the value of a query's field.
    fileprivate var encodedForQuery: String {
        utf8.reduce(into: "") { encoded, byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"),
                UInt8(ascii: "~"), UInt8(ascii: "/"):
                encoded.unicodeScalars.append(Unicode.Scalar(byte))
            default:
                let digits = String(byte, radix: 16, uppercase: true)
                encoded += digits.count == 1 ? "%0\(digits)" : "%\(digits)"
            }
        }
    }
}
