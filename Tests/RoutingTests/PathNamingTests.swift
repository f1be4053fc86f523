import MartletRouting
import Testing

@Suite struct PathNamingTests {
    static let names: [(String, String)] = [
        ("index", "index"),
        ("sendToUser", "send-to-user"),
        ("UserProfile", "user-profile"),
        ("APIKeys", "api-keys"),
        ("HTTPServer", "http-server"),
        ("userID", "user-id"),
        ("URL", "url"),
        ("v2Users", "v2-users"),
        ("S3Bucket", "s3-bucket"),
        ("HTTP2Server", "http2-server"),
        ("user_id", "user-id"),
        ("user-id", "user-id"),
        ("USER_ID", "user-id"),
        ("_user__name_", "user-name"),
        ("aB", "a-b"),
        ("A", "a"),
        ("ÉtatCivil", "état-civil"),
        ("发送ToUser", "发送-to-user"),
        ("_", ""),
        ("", ""),
    ]

    @Test(arguments: names) func namesPaths(_ name: String, _ kebab: String) {
        #expect(PathNaming.kebabCase(name) == kebab)
        #expect(PathNaming.snakeCase(name) == String(kebab.map { $0 == "-" ? "_" : $0 }))
        #expect(PathNaming.kebabCase(kebab) == kebab)
    }
}
