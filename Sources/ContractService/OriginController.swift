import Martlet

/// Tells who asked, and by which address: what a proxy before it has made of that.
@Controller("origin")
struct OriginController {
    /// `192.0.2.7 https://shop.example /shop`
    func index(_ ctx: Context) -> String {
        "\(ctx.client.address) \(ctx.request.origin ?? "-") \(ctx.request.prefix)"
    }

    /// Sends on to the above.
    @POST func create() -> Redirect { Redirect(to: OriginController.links.index()) }
}
