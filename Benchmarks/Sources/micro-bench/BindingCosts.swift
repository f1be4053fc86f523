import MartletTesting

/// A whole request inside the application, by what its action binds.
enum BindingCosts {
    static func measure() async throws {
        let form: KeyValuePairs = ["item": "martlet", "quantity": "3", "gift": "true"]
        let order = Order(item: "martlet", quantity: 3, gift: true)
        report("action_plain", "martlet", try await Probe.cost { try await $0.get("/order/plain") })
        report("action_encoded", "martlet", try await Probe.cost { try await $0.get("/order/encoded") })
        report("binding_path", "martlet", try await Probe.cost { try await $0.get("/order/17/one") })
        report("binding_form", "martlet", try await Probe.cost { try await $0.post("/order/fields", form: form) })
        report("binding_json", "martlet", try await Probe.cost { try await $0.post("/order/fields", json: order) })
        report("binding_json_whole", "martlet", try await Probe.cost { try await $0.post("/order/whole", json: order) })
    }
}
