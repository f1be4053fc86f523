import CRegistry

/// The controllers that `@Controller` left in the binary, found by walking a section that the linker gathered.
enum Discovery {
    /// The layout of the record that this version of the macro writes.
    private static let recordVersion: UInt64 = 1

    /// Every controller of the process, sorted by place in the source so that start-up is the same each time.
    static func allControllers() -> [any Controller.Type] {
        final class Found { var types: [any Controller.Type] = [] }
        let found = Found()
        martlet_each_controller(
            { record, context in
                guard let record, let context, record.pointee.version == Discovery.recordVersion else { return }
                withUnsafeTemporaryAllocation(of: (any Controller.Type).self, capacity: 1) { place in
                    guard let address = place.baseAddress else { return }
                    record.pointee.load(UnsafeMutableRawPointer(address))
                    Unmanaged<Found>.fromOpaque(context).takeUnretainedValue().types.append(address.pointee)
                }
            }, Unmanaged.passUnretained(found).toOpaque())
        return withExtendedLifetime(found) {
            found.types.sorted { "\($0.controllerDescriptor.location)" < "\($1.controllerDescriptor.location)" }
        }
    }

    /// The controllers that an app of this module routes.
    ///
    /// A test process links every test target together, so the controllers of a test module (its name ends in `Tests`)
    /// are only for apps of that module.
    static func controllers(forAppIn module: String) -> [any Controller.Type] {
        allControllers().filter {
            let its = $0.controllerDescriptor.location.module
            return its == module || !its.hasSuffix("Tests")
        }
    }
}
