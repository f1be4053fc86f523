import CRegistry

/// What `@Controller` and `@Actions` left in the binary, found by walking sections that the linker gathered.
enum Discovery {
    /// The layout of the records that this version of the macros writes.
    private static let recordVersion: UInt64 = 1

    /// Every controller of the process, libraries included, sorted by place in the source so that start-up is the same each
    /// time.
    static func allControllers() -> [any Controller.Type] {
        records(in: "martlet_ctl", of: (any Controller.Type).self).sorted {
            "\($0.controllerDescriptor.location)" < "\($1.controllerDescriptor.location)"
        }
    }

    /// The actions that stand in extensions of a controller, in the order of their places in the source.
    static func extensionActions(of controller: any Controller.Type) -> [ActionDescriptor] {
        extensionActions[ObjectIdentifier(controller), default: []]
    }

    private static let extensionActions: [ObjectIdentifier: [ActionDescriptor]] = {
        let all = records(in: "martlet_act", of: ControllerActions.self)
        return Dictionary(grouping: all) { ObjectIdentifier($0.controller) }.mapValues { found in
            found.flatMap(\.actions).sorted { "\($0.location)" < "\($1.location)" }
        }
    }()

    private final class Found {
        var load: [@convention(c) (UnsafeMutableRawPointer?) -> Void] = []
    }

    private static func records<Value>(in section: String, of type: Value.Type) -> [Value] {
        let found = Found()
        martlet_each_record(
            section,
            { record, context in
                guard let record, let context, record.pointee.version == Discovery.recordVersion else { return }
                Unmanaged<Found>.fromOpaque(context).takeUnretainedValue().load.append(record.pointee.load)
            }, Unmanaged.passUnretained(found).toOpaque())
        return withExtendedLifetime(found) {
            found.load.compactMap { load in
                withUnsafeTemporaryAllocation(of: Value.self, capacity: 1) { place -> Value? in
                    guard let address = place.baseAddress else { return nil }
                    load(UnsafeMutableRawPointer(address))
                    return address.move()
                }
            }
        }
    }

    /// The controllers that an app of this module routes: all.
    ///
    /// A process of tests links every test target together, so there the controllers of a test module (its name ends in
    /// `Tests`) are only for apps of that module.
    static func controllers(forAppIn module: String) -> [any Controller.Type] {
        guard CommandLine.arguments.first?.contains(".xctest") == true else { return allControllers() }
        return allControllers().filter {
            let its = $0.controllerDescriptor.location.module
            return its == module || !its.hasSuffix("Tests")
        }
    }
}
