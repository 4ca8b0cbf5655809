import type { app as original } from "../en/app";

export const app: Record<keyof typeof original, string> = {
	"app.name": "gaitd",
	"app.skip": "Ir al contenido",
	"app.language": "Idioma",
	"app.loading": "Cargando…",
	"app.notFound": "Esta página no existe.",
	"app.home": "A sus análisis",
	"app.retry": "Intentar de nuevo",
	"app.crashed": "Algo ha fallado en esta página. Sus análisis están seguros en el servidor.",
	"app.reload": "Cargar la página de nuevo",

	"nav.main": "Principal",
	"nav.submit": "Nuevo análisis",
	"nav.jobs": "Análisis",
	"nav.signOut": "Cerrar sesión",
	"nav.account": "Su cuenta",
	"nav.staff": "Operación",

	"error.network": "No se puede contactar con el servidor. Compruebe su conexión e inténtelo de nuevo.",
	"error.server": "El servidor ha tenido un problema. Inténtelo de nuevo en un momento. (Referencia: {id})",
	"error.busy": "El servidor está ocupado. Inténtelo de nuevo en {seconds} s.",
	"error.forbidden": "Su cuenta no tiene permiso para esto.",
	"error.notFound": "Esto no existe, o pertenece a otra persona.",
	"error.tooLarge": "Los vídeos son más grandes de lo que acepta este servidor.",
	"error.slow": "La conexión era demasiado lenta y el servidor dejó de esperar. Inténtelo de nuevo, si puede con otra red.",
	"error.notVideo": "Uno de los archivos no es un vídeo que este servidor pueda leer.",
	"error.fields": "Corrija lo que está marcado abajo.",
	"error.session": "Su sesión se ha cerrado. Inicie sesión de nuevo.",
	"error.other": "No ha funcionado: {detail}",

	"signIn.title": "Iniciar sesión",
	"signIn.intro": "Mida cómo camina una persona con dos vídeos cortos: uno de frente y uno de lado.",
	"signIn.email": "Correo electrónico",
	"signIn.password": "Contraseña",
	"signIn.button": "Iniciar sesión",
	"signIn.wrong": "El correo o la contraseña no son correctos. Tras varios intentos fallidos, el acceso se bloquea por un tiempo.",
	"signIn.limited": "Demasiados intentos. Puede intentarlo de nuevo en {wait}.",
	"signIn.emailMissing": "Escriba su correo electrónico.",
	"signIn.passwordMissing": "Escriba su contraseña.",
	"signIn.help": "¿No tiene cuenta o ha olvidado la contraseña? Pregunte a la clínica o al instituto que lleva este servidor.",

};
