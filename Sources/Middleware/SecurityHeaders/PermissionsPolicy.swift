/// Which features of the browser a page and its frames may use (Permissions Policy).
///
///     PermissionsPolicy([.geolocation: [.sameOrigin]])
public struct PermissionsPolicy: Sendable {
    /// A feature of the browser.
    public struct Feature: Hashable, Sendable {
        let name: String
        /// One that has no name here: `Feature("midi")`. What is no name ends the start.
        public init(_ name: String) { self.name = name }

        /// Cameras.
        public static let camera = Feature("camera")
        /// Microphones.
        public static let microphone = Feature("microphone")
        /// Where the device is.
        public static let geolocation = Feature("geolocation")
        /// Capturing the screen.
        public static let displayCapture = Feature("display-capture")
        /// The Payment Request API.
        public static let payment = Feature("payment")
        /// USB devices.
        public static let usb = Feature("usb")
        /// Serial ports.
        public static let serial = Feature("serial")
        /// Bluetooth devices.
        public static let bluetooth = Feature("bluetooth")
        /// Human interface devices.
        public static let hid = Feature("hid")
        /// MIDI devices.
        public static let midi = Feature("midi")
        /// The topics that a browser thinks its user likes.
        public static let browsingTopics = Feature("browsing-topics")
        /// The whole screen.
        public static let fullscreen = Feature("fullscreen")
        /// Keys that scripts can sign with, and passkeys.
        public static let publicKeyCredentials = Feature("publickey-credentials-get")
    }

    /// Who may use it.
    public enum Allowed: Hashable, Sendable {
        /// The page and frames of its origin.
        case sameOrigin
        /// Everybody.
        case all
        /// Frames of an origin: `https://partner.example`.
        case origin(String)
    }

    /// Who may use what; nobody where the list is empty. What is not named is as the browser has it.
    public var features: [Feature: [Allowed]]

    /// Nobody may use devices, the screen, payment and whereabouts, but for what is named here.
    public init(_ features: [Feature: [Allowed]] = [:]) {
        let refused: [Feature] = [
            .camera, .microphone, .geolocation, .displayCapture, .payment, .usb, .serial, .hid, .midi,
            .browsingTopics,
        ]
        self.features = Dictionary(uniqueKeysWithValues: refused.map { ($0, []) }).merging(features) { _, new in new }
    }

    /// A structured field: a dictionary of lists.
    var text: String {
        features.sorted { $0.key.name < $1.key.name }.map { feature, allowed in
            if allowed.contains(.all) { return "\(feature.name)=*" }
            let list = allowed.map { one -> String in
                switch one {
                case .sameOrigin: "self"
                case .all: "*"
                case .origin(let origin): "\"\(origin)\""
                }
            }
            return "\(feature.name)=(\(list.joined(separator: " ")))"
        }.joined(separator: ", ")
    }

    /// What is wrong with it, as sentences.
    var problems: [String] {
        features.flatMap { feature, allowed -> [String] in
            let isName = !feature.name.isEmpty && feature.name.utf8.allSatisfy { (97...122).contains($0) || $0 == 0x2D }
            return (isName ? [] : ["'\(feature.name)' is no feature of a permissions policy."])
                + allowed.compactMap { one in
                    guard case .origin(let origin) = one, WebOrigin(origin) == nil else { return nil }
                    return "'\(origin)' is no origin that \(feature.name) could be allowed to."
                }
        }
    }
}
