import a11y from "eslint-plugin-jsx-a11y";
import hooks from "eslint-plugin-react-hooks";
import typescript from "typescript-eslint";

export default typescript.config(
	{ ignores: ["dist", "node_modules", "eslint.config.js"] },
	...typescript.configs.strictTypeChecked,
	{
		languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
		plugins: { "react-hooks": hooks, "jsx-a11y": a11y },
		rules: {
			// Of the hooks' rules the two that are not about React's compiler, which is not used here.
			"react-hooks/rules-of-hooks": "error",
			"react-hooks/exhaustive-deps": "error",
			...a11y.configs.recommended.rules,
			"@typescript-eslint/restrict-template-expressions": ["error", { allowNumber: true }],
			"@typescript-eslint/no-confusing-void-expression": "off", // arrows that hand a void call on read well
			"jsx-a11y/no-noninteractive-tabindex": ["error", { roles: ["region", "tabpanel"], tags: [] }],
		},
	},
);
