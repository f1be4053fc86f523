import Martlet

@Controller
struct PackageLibraryController {
    @POST func send(message: String) -> String { message }
}
