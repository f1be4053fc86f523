import MartletRouting

/// The route that a method's name stands for where no attribute says otherwise.
struct RouteConvention {
    let verbs: VerbSet
    /// Relative to the controller's prefix.
    let path: String

    /// - Parameter takesID: whether a parameter named `id` can come from the path.
    init(name: String, takesID: Bool) {
        (verbs, path) =
            switch name {
            case "index": (.only(["get"]), "")
            case "create": (.only(["post"]), "")
            case "show" where takesID: (.only(["get"]), "{id}")
            case "update" where takesID: (.only(["put", "patch"]), "{id}")
            case "delete" where takesID: (.only(["delete"]), "{id}")
            default: (.only(["get"]), PathNaming.kebabCase(name))
            }
    }
}
