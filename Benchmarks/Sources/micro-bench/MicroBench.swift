/// What parts of a request cost, without sockets: `micro-bench [router] [events] [binding] [middleware]`.
///
/// Prints a JSON object on a line for each.
@main
enum MicroBench {
    static func main() async throws {
        let asked = Set(CommandLine.arguments.dropFirst())
        func isAsked(_ group: String) -> Bool { asked.isEmpty || asked.contains(group) }
        if isAsked("router") { try RouterCosts.measure() }
        if isAsked("events") {
            try EventCosts.measure()
            try await PublishCosts.measure()
        }
        if isAsked("binding") { try await BindingCosts.measure() }
        if isAsked("middleware") { try await MiddlewareCosts.measure() }
    }
}

/// Prints what was measured.
///
/// - Parameter bytes: how many one call takes in or puts out, where the throughput is of interest.
func report(_ row: String, _ system: String, _ measured: Measurement, bytes: Int? = nil) {
    var fields = [
        "\"row\": \"\(row)\"", "\"system\": \"\(system)\"", "\"nanoseconds\": \(measured.nanoseconds)",
        "\"allocations\": \(measured.allocations)",
    ]
    if let bytes { fields.append("\"megabytes_per_second\": \(Double(bytes) / measured.nanoseconds * 1000)") }
    print("{\(fields.joined(separator: ", "))}")
}
