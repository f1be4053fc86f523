import ExampleApp

/// The program. The app itself is a library, so that tests can import it: SwiftPM builds tests that sit beside a macro's for
/// the host, and does not order them behind an executable.
@main enum Main {
    static func main() async { await ExampleApp.main() }
}
