/// The passwords that are tried first (`common-passwords.txt`).
enum CommonPasswords {
    static let all: Set<String> = {
        let lines = String(decoding: PackageResources.common_passwords_txt, as: UTF8.self).split(separator: "\n")
        return Set(lines.lazy.filter { !$0.hasPrefix("#") }.map(String.init))
    }()

    static var count: Int { all.count }

    /// In whatever case.
    static func contains(_ password: String) -> Bool { all.contains(password.lowercased()) }
}
