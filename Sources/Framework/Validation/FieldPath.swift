/// Where a value stands in a request: `items[2].price`.
///
/// The text is made when it is told. Who nests deep and wide would else have a long one made for every value.
indirect enum FieldPath: Sendable {
    /// A field's name on the wire; "" for a whole body or query.
    case field(String)
    case member(FieldPath, String)
    case element(FieldPath, Int)

    var text: String {
        var parts: [String] = []
        var path = self
        while true {
            switch path {
            case .field(let name):
                return parts.reversed().reduce(name) { $1.hasPrefix("[") ? $0 + $1 : $0.member($1) }
            case .member(let whole, let name):
                parts.append(name)
                path = whole
            case .element(let whole, let index):
                parts.append("[\(index)]")
                path = whole
            }
        }
    }
}
