"""What the tests in Chromium share: how it is started, an open page, what counts as text, and a phone."""

from playwright.sync_api import BrowserContext, Page

QUIET = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
CONTRAST = """(selector) => {
  const parse = (text) => {
    const [r, g, b, a = 1] = text.match(/[\\d.]+/g).map(Number);
    return { rgb: [r, g, b], a };
  };
  const luminance = (rgb) => {
    const linear = (c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4);
    const [r, g, b] = rgb.map((c) => linear(c / 255));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  return [...document.querySelectorAll(selector)].map((element) => {
    let ground = element;
    while (ground && parse(getComputedStyle(ground).backgroundColor).a === 0) ground = ground.parentElement;
    const behind = ground ? parse(getComputedStyle(ground).backgroundColor).rgb : [255, 255, 255];
    const both = [luminance(parse(getComputedStyle(element).color).rgb), luminance(behind)];
    return (Math.max(...both) + 0.05) / (Math.min(...both) + 0.05);
  });
}"""
TEXTS = (
    "h1, h2, h3, h4, .lead, .small, .statement, dt, dd, dd .quiet, .badge, .cell b, .cell span, td, th, "
    "figcaption, summary, .reason, .legend li, .problem, nav a, .says li, .choices button, .counts strong, a"
)


PHONE = {"viewport": {"width": 390, "height": 844}, "device_scale_factor": 2, "is_mobile": True}


class Visit:
    """An open page with everything that it said to the console or asked of the network."""

    def __init__(self, context: BrowserContext, address: str) -> None:
        self.said: list[str] = []
        self.asked: list[str] = []
        self.address = address
        self.page: Page = context.new_page()
        self.page.on("console", lambda message: self.said.append(message.text))
        self.page.on("pageerror", lambda error: self.said.append(str(error)))
        self.page.on("request", lambda request: self.asked.append(request.url))
        self.page.goto(address)
