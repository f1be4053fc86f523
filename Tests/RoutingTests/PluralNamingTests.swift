import MartletRouting
import Testing

/// A plural's `s` belongs to the acronym before it, and to nothing else.
@Suite struct PluralNamingTests {
    static let names: [(String, String)] = [
        ("userIDs", "user-ids"),
        ("IDs", "ids"),
        ("URLs", "urls"),
        ("APIs", "apis"),
        ("ISBNs", "isbns"),
        ("allPDFs", "all-pdfs"),
        ("exportCSVs", "export-csvs"),
        ("user_IDs", "user-ids"),
        ("userIDs2", "user-ids2"),
        ("userIDsForRoom", "user-ids-for-room"),
        ("userURLsByID", "user-urls-by-id"),
        ("IDsAndURLs", "ids-and-urls"),
        ("APIsOfUser", "apis-of-user"),
        ("DNSServer", "dns-server"),
        ("HTTPStatus", "http-status"),
        ("HTTPSecure", "http-secure"),
        ("isIDSet", "is-id-set"),
        ("userAsOwner", "user-as-owner"),
        ("thisIs", "this-is"),
        ("As", "as"),
        ("XMLIsland", "xml-island"),
        ("settings", "settings"),
        ("getURLsOfBook", "get-urls-of-book"),
        ("URLsAndIDs", "urls-and-ids"),
        ("PDFs2", "pdfs2"),
        ("IDsOnly", "ids-only"),
        ("HTTPServers", "http-servers"),
        ("APIs_v2", "apis-v2"),
        ("CSVsForUser", "csvs-for-user"),
        ("DVDsAreOld", "dvds-are-old"),
        ("newIDs", "new-ids"),
        ("allTVsAndDVDs", "all-tvs-and-dvds"),
        ("ABSystem", "ab-system"),
        ("FAQs", "faqs"),
        ("readIDset", "read-i-dset"),
        ("HTMLString", "html-string"),
        ("SQLs", "sqls"),
    ]

    @Test("A name becomes the words of the table", arguments: names)
    func namesPaths(_ name: String, _ kebab: String) {
        #expect(PathNaming.kebabCase(name) == kebab)
        #expect(PathNaming.snakeCase(name) == String(kebab.map { $0 == "-" ? "_" : $0 }))
    }
}
