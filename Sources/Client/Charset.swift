import Foundation

/// The character sets that a `Content-Type` may name, by the labels of the WHATWG's Encoding standard.
enum Charset {
    /// nil for UTF-8, and for what is not known here.
    static func encoding(of type: String) -> String.Encoding? {
        for parameter in type.split(separator: ";").dropFirst() {
            let halves = parameter.split(separator: "=", maxSplits: 1)
            guard halves.count == 2, halves[0].trimmingCharacters(in: .whitespaces).lowercased() == "charset" else {
                continue
            }
            return encodings[halves[1].trimmingCharacters(in: CharacterSet(charactersIn: " \t\"'")).lowercased()]
        }
        return nil
    }

    private static let encodings: [String: String.Encoding] = [
        // The standard reads these as windows-1252, as browsers do.
        "iso-8859-1": .windowsCP1252, "latin1": .windowsCP1252, "us-ascii": .windowsCP1252, "ascii": .windowsCP1252,
        "windows-1252": .windowsCP1252, "iso-8859-2": .isoLatin2, "windows-1250": .windowsCP1250,
        "windows-1251": .windowsCP1251, "windows-1253": .windowsCP1253, "windows-1254": .windowsCP1254,
        "utf-16": .utf16, "utf-16le": .utf16LittleEndian, "utf-16be": .utf16BigEndian, "shift_jis": .shiftJIS,
        "sjis": .shiftJIS, "euc-jp": .japaneseEUC, "iso-2022-jp": .iso2022JP, "gb2312": gb18030, "gbk": gb18030,
        "gb18030": gb18030, "big5": String.Encoding(rawValue: 0x8000_0A03),
        "euc-kr": String.Encoding(rawValue: 0x8000_0940),
    ]

    /// Foundation's number of it, which has no name in Swift.
    private static let gb18030 = String.Encoding(rawValue: 0x8000_0632)
}
