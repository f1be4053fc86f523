/// An attribute that routes a method, by its name.
enum VerbAttribute: String {
    case GET, POST, PUT, PATCH, DELETE, HEAD, OPTIONS, ANY

    var verbs: VerbSet {
        switch self {
        case .ANY: .any
        case .GET, .POST, .PUT, .PATCH, .DELETE, .HEAD, .OPTIONS: .only([rawValue.lowercased()])
        }
    }
}
