import MartletRouting

/// The route that a method's name stands for where no attribute says otherwise.
struct RouteConvention {
    /// True where the name alone must not decide: a method that sounds as if it changed something is not for GET, which a
    /// link in a mail is enough for.
    let needsVerb: Bool
    let verbs: VerbSet
    /// Relative to the controller's prefix.
    let path: String

    /// - Parameter takesID: whether a parameter named `id` can come from the path.
    init(name: String, takesID: Bool) {
        let isConvention =
            ["index", "create"].contains(name) || (["show", "update", "delete"].contains(name) && takesID)
        let firstWord = PathNaming.kebabCase(name).prefix { $0 != "-" }
        needsVerb = !isConvention && Self.changingWords.contains(String(firstWord))
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

    /// What begins the names of methods that make, change or take away. Words that only show a form, such as `edit` and
    /// `new`, or say what goes out, such as `send`, are not among them.
    private static let changingWords: Set<String> = [
        "add", "append", "cancel", "clear", "create", "delete", "destroy", "drop", "erase", "insert", "patch", "post",
        "purge",
        "put", "remove", "replace", "reset", "revoke", "save", "store", "update", "upsert", "write",
    ]
}
