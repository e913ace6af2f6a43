import '@fontsource-variable/inter';
import '../ui/tokens.css';
import '../ui/base.css';
