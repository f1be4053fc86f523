import MartletRouting

/// The actions of one extension of a controller. Used by the code that `@Actions` writes.
public struct ControllerActions: Sendable {
    let controller: any Controller.Type
    let actions: [ActionDescriptor]

    /// Used by the code that `@Actions` writes.
    public init(of controller: any Controller.Type, _ actions: [ActionDescriptor]) {
        self.controller = controller
        self.actions = actions
    }

    /// A path that is relative to the controller's prefix, which the macro does not see from an extension.
    public static func path(_ relative: String, under controller: any Controller.Type) -> String {
        let prefix = controller.controllerDescriptor.prefix
        if relative == "/" { return prefix }
        return prefix == "/" ? relative : prefix + relative
    }
}
