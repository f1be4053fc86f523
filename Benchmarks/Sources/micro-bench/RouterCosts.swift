@_spi(Internal) import Hummingbird
import MartletRouting

/// Looking up paths among 10, 100 and 1000 routes, here and in Hummingbird's router.
enum RouterCosts {
    static func measure() throws {
        for count in [10, 100, 1000] {
            let resources = (0..<count / 2).map { "resource\($0)" }
            var martlet = RouteTrie<Int>()
            let builder = RouterPathTrieBuilder<Int>()
            for (number, name) in resources.enumerated() {
                for (template, path) in [("list", "list"), ("{id}", ":id")] {
                    martlet.insert(try PathTemplate("/api/v1/\(name)/\(template)")) { $0 = number }
                    builder.addEntry(RouterPath("/api/v1/\(name)/\(path)"), value: number)
                }
            }
            let hummingbird = builder.build()
            // Spread over the table, so that neither the first nor the last route decides.
            let asked = (0..<16).map { resources[$0 * resources.count / 16] }
            try compare("static", count, asked.map { "/api/v1/\($0)/list" }, martlet, hummingbird)
            try compare("parameter", count, asked.map { "/api/v1/\($0)/12345" }, martlet, hummingbird)
            try compare("miss", count, asked.map { "/api/v1/\($0)/list/none" }, martlet, hummingbird)
        }
    }

    private static func compare(
        _ kind: String, _ count: Int, _ paths: [String], _ martlet: RouteTrie<Int>, _ hummingbird: RouterTrie<Int>
    ) throws {
        var turn = 0
        let here = try Measurement.of {
            turn = (turn + 1) & 15
            use(try martlet.match(paths[turn]) { $0 })
        }
        let there = Measurement.of {
            turn = (turn + 1) & 15
            use(hummingbird.resolve(paths[turn]))
        }
        report("router_\(count)_\(kind)", "martlet", here)
        report("router_\(count)_\(kind)", "hummingbird", there)
    }
}
